import NTK
import XCTest

/// The umbrella: text and builder give the same programs, Swift arrays run them.
final class InterfaceTests: XCTestCase {
  private func affine() throws -> Program {
    try Program.build { b in
      let w = try b.input(.f64, [3, 2], name: "w")
      let x = try b.input(.f64, [4, 3], name: "x")
      return [try b.one("tanh", b.one("np.matmul", x, w))]
    }
  }

  private func numbers(_ count: Int, seed: Double) -> [Double] {
    (0..<count).map { (seed + 0.7 * Double($0 * $0)).truncatingRemainder(dividingBy: 2) - 1 }
  }

  /// The error of a call, which must fail.
  private func failure(_ call: () throws -> some Any, line: UInt = #line) -> NTKError? {
    do {
      _ = try call()
      XCTFail("did not throw", line: line)
      return nil
    } catch {
      return error as? NTKError
    }
  }

  func testBuiltEqualsParsed() throws {
    let built = try Program.build { b in
      let x = try b.input(.f32, [2, 3])
      let y = try b.input(.f32, [3])
      let sum = try b.one("np.add", x, y)
      let reduced = try b.one("reduce_sum", sum, parameters: "axes=[0]")
      return [try b.one("tanh", reduced), x]
    }
    let parsed = try Program(
      parsing: """
        ntk 1
        program(%0: f32[2,3], %1: f32[3]) {
          %2 = broadcast_in_dim[shape=[2, 3], broadcast_dimensions=[1]](%1)
          %3 = add(%0, %2)
          %4 = reduce_sum[axes=[0]](%3)
          %5 = tanh(%4)
          return %5, %0
        }
        """)
    XCTAssertEqual(built, parsed)
    XCTAssertEqual(try Program(parsing: built.text), built)
  }

  func testEveryElementTypeRuns() throws {
    func check<Element: ArrayElement & Equatable>(_ elements: [Element], _ name: String) throws {
      let program = try Program(
        parsing: "ntk 1 program(%0: \(name)[\(elements.count)]) { %1 = max(%0, %0) return %1, %0 }")
      let results: [[Element]] = try program.run([elements])
      XCTAssertEqual(results, [elements, elements])
    }
    try check([1.5, -.infinity, 3] as [Float], "f32")
    try check([1.5, -.infinity] as [Double], "f64")
    try check([Int32.min, 7], "i32")
    try check([Int64.min, 7], "i64")
    try check([Int.max, 7], "i64")
    try check([0, 255] as [UInt8], "u8")
    try check([UInt32.max, 7], "u32")
    try check([UInt64.max, 7], "u64")
    try check([true, false], "bool")
    try check([] as [Float], "f32")
  }

  func testKernelOfTwoSides() throws {
    let program = try affine()
    let (w, x1, x2) = (numbers(6, seed: 0.3), numbers(12, seed: 0.5), numbers(12, seed: 0.9))
    let jacobian = try program.jacobian(active: [0]).selecting([1])
    let sides = try [x1, x2].map { x -> [Double] in try jacobian.run([w, x])[0] }
    let kernel = try TangentKernel(of: program, and: program, parameters: [0])
    XCTAssertEqual(kernel.resultTypes.map(\.description), ["f64[4,4]"])
    let theta: [Double] = try kernel.compute(x1, x2, [w])
    let same: [[Double]] = try kernel.compute([x1], [x2], [w])
    XCTAssertEqual(same, [theta])
    // The mean over outputs of the products of their gradients.
    for n in 0..<4 {
      for m in 0..<4 {
        let expected = (0..<12).reduce(0) { $0 + sides[0][12 * n + $1] * sides[1][12 * m + $1] }
        XCTAssertEqual(theta[4 * n + m], expected / 2, accuracy: 1e-13)
      }
    }
    // By one program the kernel is of one set of samples, and symmetric.
    let own: [Double] = try TangentKernel(of: program, parameters: [0]).compute(x1, nil, [w])
    for n in 0..<4 { for m in 0..<4 { XCTAssertEqual(own[4 * n + m], own[4 * m + n]) } }
  }

  func testRefusals() throws {
    let program = try affine()
    let (w, x) = (numbers(6, seed: 0.3), numbers(12, seed: 0.5))
    func run(_ inputs: [any ArrayElements]) throws -> [[Double]] { try program.run(inputs) }
    XCTAssertEqual(failure { try run([w]) }?.status, .invalidArgument)
    XCTAssertEqual(failure { try run([w, w]) }?.status, .invalidArgument)
    XCTAssertEqual(failure { try run([w, x.map { Float($0) }]) }?.status, .dtypeMismatch)
    let single = { try program.run([w, x]) as [[Float]] }
    XCTAssertEqual(failure(single)?.status, .dtypeMismatch)
    XCTAssertEqual(failure { try Program(parsing: "ntk 2") }?.status, .syntax)
    let kernel = try TangentKernel(of: program, parameters: [0])
    let twice = { try kernel.compute(x, x, [w]) as [Double] }
    XCTAssertEqual(failure(twice)?.status, .invalidArgument)
    for parameters in [[2], [-1], [1, 0], [0, 0]] {
      let made = { try TangentKernel(of: program, parameters: parameters) }
      XCTAssertEqual(failure(made)?.status, .invalidArgument)
    }
    XCTAssertEqual(
      failure {
        try Program.build { b in
          let x = try b.input(.f64, [2])
          return [try b.one("np.nothing", x)]
        }
      }?.status, .invalidArgument)
  }

  func testRunOptions() throws {
    let program = try affine()
    var options = RunOptions()
    options.progress = { _, _ in false }
    let inputs: [any ArrayElements] = [numbers(6, seed: 0.3), numbers(12, seed: 0.5)]
    let run = { try program.run(inputs, options: options) as [[Double]] }
    XCTAssertEqual(failure(run), .stoppedByCallback)
    options.progress = nil
    options.isCancelled = { true }
    XCTAssertEqual(failure(run), .cancelled)
  }
}
