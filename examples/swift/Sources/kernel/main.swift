// The tangent kernel of a network that Python saved, from Swift.
//
// examples/save_network.py wrote two files: `network.ntk`, the network's program
// f(parameters..., x), as docs/program-text.md describes, and `network.bin`, the arrays of its
// inputs one after another: doubles, row-major. In this checkout:
//
//     swift run --package-path examples/swift kernel examples/network

import Foundation
import NTK

/// The arrays of the inputs of a program, one after another.
func readArrays(_ path: String, of types: [ValueType]) throws -> [[Double]] {
  let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
  let stride = MemoryLayout<Double>.stride
  let values = bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / stride).map {
      bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Double.self)
    }
  }
  var rest = values[...]
  return types.map { type in
    let array = Array(rest.prefix(type.shape.elementCount))
    rest = rest.dropFirst(array.count)
    return array
  }
}

func main() throws {
  let arguments = CommandLine.arguments
  let name = arguments.count > 1 ? arguments[1] : "examples/network"
  let program = try Program(parsing: String(contentsOfFile: name + ".ntk", encoding: .utf8))
  let inputs = try readArrays(name + ".bin", of: program.inputTypes)
  let parameters = Array(inputs.dropLast())
  let x = inputs.last ?? []

  // The mean over the outputs' last axis. No second program: both sides are this one, and theta
  // is exactly symmetric.
  let kernel = try TangentKernel(of: program, parameters: Array(parameters.indices))
  let theta: [Double] = try kernel.compute(x, nil, parameters)

  let count = kernel.resultTypes[0].shape.last ?? 1
  for start in stride(from: 0, to: theta.count, by: max(count, 1)) {
    let row = theta[start..<start + count]
    print(row.map { String(format: "%14.8f", $0) }.joined())
  }
}

do {
  try main()
} catch {
  FileHandle.standardError.write(Data("kernel: \(error)\n".utf8))
  exit(1)
}
