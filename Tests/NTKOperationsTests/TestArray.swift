import NTKExecution
import NTKProgram
import NTKRuntime

/// An array for tests: any element type, its elements as doubles (integers of up to 53 bits).
struct TestArray: CustomStringConvertible {
  var type: ValueType
  var values: [Double]

  init(_ type: ValueType, _ values: [Double]) {
    self.type = type
    self.values = values
  }

  init(_ type: ValueType, repeating value: Double = 0) {
    self.init(type, [Double](repeating: value, count: type.shape.elementCount))
  }

  var shape: Shape { type.shape }
  var description: String { "\(type) \(values)" }

  /// The elements at positions along an axis.
  func taking(_ positions: [Int], axis: Int) throws(NTKError) -> TestArray {
    let outer = shape.sizes[..<axis].reduce(1, *)
    let inner = shape.sizes[(axis + 1)...].reduce(1, *)
    var result: [Double] = []
    for block in 0..<outer {
      for position in positions {
        let start = (block * shape[axis] + position) * inner
        result += values[start..<(start + inner)]
      }
    }
    var sizes = shape.sizes
    sizes[axis] = positions.count
    return TestArray(type.with(try Shape(sizes)), result)
  }

  /// Arrays of one type along a new axis.
  static func stack(
    _ arrays: [TestArray], of type: ValueType, axis: Int
  ) throws(NTKError) -> TestArray {
    let inner = type.shape.sizes[axis...].reduce(1, *)
    var result: [Double] = []
    for block in 0..<type.shape.sizes[..<axis].reduce(1, *) {
      for array in arrays { result += array.values[(block * inner)..<((block + 1) * inner)] }
    }
    return TestArray(type.with(try type.shape.inserting(arrays.count, at: axis)), result)
  }

  func adding(_ step: Double, _ direction: TestArray) -> TestArray {
    TestArray(type, zip(values, direction.values).map { $0 + step * $1 })
  }
}

/// Memory with an array in it, in any layout, and guards around it.
final class TestBuffer {
  let reference: ArrayReference
  let type: ValueType
  private let storage: AlignedStorage
  private let pattern: UInt8
  private static let guardSize = 64

  /// A row-major buffer, every byte the pattern.
  init(_ type: ValueType, pattern: UInt8 = 0xA5) {
    self.type = type
    self.pattern = pattern
    storage = AlignedStorage(byteCount: type.byteCount + 2 * TestBuffer.guardSize)!
    storage.baseAddress.initializeMemory(
      as: UInt8.self, repeating: pattern, count: storage.byteCount)
    reference = ArrayReference(data: storage.baseAddress + TestBuffer.guardSize, type: type)
  }

  convenience init(_ array: TestArray) {
    self.init(array.type)
    write(array)
  }

  /// The array with its axes in reverse order in memory, each backwards, with gaps.
  init(strided array: TestArray) {
    type = array.type
    pattern = 0
    let size = type.elementType.byteCount
    storage = AlignedStorage(byteCount: (2 * type.shape.elementCount + 2) * size, zeroed: true)!
    var strides = [Int](repeating: 0, count: type.rank)
    var stride = 2
    var offset = 0
    for axis in type.shape.indices {
      strides[axis] = -stride
      offset += max(type.shape[axis] - 1, 0) * stride
      stride *= max(type.shape[axis], 1)
    }
    reference = ArrayReference(
      data: storage.baseAddress + offset * size, elementType: type.elementType,
      sizes: type.shape.sizes, strides: strides)
    write(array)
  }

  private func write(_ array: TestArray) {
    for (index, value) in array.values.enumerated() {
      Literal(value, type.elementType).store(to: address(index))
    }
  }

  private func address(_ index: Int) -> UnsafeMutableRawPointer {
    var (rest, offset) = (index, 0)
    for axis in type.shape.indices.reversed() {
      offset += rest % type.shape[axis] * reference.strides[axis]
      rest /= type.shape[axis]
    }
    return reference.data + offset * type.elementType.byteCount
  }

  var array: TestArray {
    TestArray(
      type,
      (0..<type.shape.elementCount).map { Literal(at: address($0), type.elementType).doubleValue })
  }

  /// Whether nothing was written before or after the array.
  var guardsAreIntact: Bool {
    let size = TestBuffer.guardSize
    let bytes = UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.byteCount)
    return bytes.prefix(size).allSatisfy { $0 == pattern }
      && bytes.suffix(size).allSatisfy { $0 == pattern }
  }
}

/// The program's outputs, one operation at a time.
func evaluate(_ program: Program, _ inputs: [TestArray]) throws(NTKError) -> [TestArray] {
  let inputs = inputs.map { TestBuffer($0) }
  let outputs = program.outputTypes.map { TestBuffer($0) }
  try ReferenceEvaluator.run(program, inputs.map(\.reference), outputs.map(\.reference))
  return outputs.map(\.array)
}

/// The program's outputs, compiled.
func evaluateCompiled(_ program: Program, _ inputs: [TestArray]) throws(NTKError) -> [TestArray] {
  let inputs = inputs.map { TestBuffer($0) }
  let outputs = program.outputTypes.map { TestBuffer($0) }
  let executable = try CompileCache.executable(for: program)
  try executable.run(
    inputs: inputs.map(\.reference), outputs: outputs.map(\.reference), options: RunOptions())
  guard outputs.allSatisfy(\.guardsAreIntact) else { throw .invariant("wrote past an output") }
  return outputs.map(\.array)
}

/// SplitMix64: the same numbers everywhere.
struct Generator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
  mutating func element<C: RandomAccessCollection>(_ values: C) -> C.Element {
    values[values.index(values.startIndex, offsetBy: below(values.count))]
  }
  mutating func uniform(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &self) }
}
