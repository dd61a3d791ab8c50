import NTKOperations
import NTKProgram
import XCTest

/// Identities of operations, where one operand is a constant, both are one value, or operations
/// follow one another: the same bits, whatever the elements.
final class SimplifyTests: XCTestCase {
  private let special: [Double] = [
    0, -0.0, 1, -1, 2, 0.5, .infinity, -.infinity, .nan, Double.leastNonzeroMagnitude, 1e308,
  ]
  private let whole: [Double] = [0, 1, -1, 2, 7, Double(Int32.min), Double(Int32.max)]

  private func check(
    _ types: [ValueType], _ inputs: [[Double]],
    _ body: (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
  ) throws -> Int {
    let program = try Program.build(types, body)
    let simplified = try program.simplified()
    try simplified.verify()
    let inputs = zip(types, inputs).map { TestArray($0, $1) }
    try expectSameBits(
      try evaluate(simplified, inputs), try evaluate(program, inputs), program.text)
    return program.equationCount - simplified.equationCount
  }

  func testConstantsBesideValues() throws {
    var saved = 0
    let operations: [any Primitive] = [
      Add(), Sub(), Mul(), Div(), Max(), Eq(), Ne(), Lt(), Le(), Gt(), Ge(),
    ]
    for (element, values) in [(ElementType.f64, special), (.i32, whole)] {
      let type = type(element, values.count)
      for operation in operations {
        for constant in values {
          for isLeft in [false, true] {
            saved += try check([type], [values]) { b, x throws(NTKError) in
              let full = try b.full(Literal(constant, element), type.shape)
              return try b.apply(operation, isLeft ? [full, x[0]] : [x[0], full])
            }
          }
        }
        saved += try check([type], [values]) { b, x throws(NTKError) in
          try b.apply(operation, [x[0], x[0]])
        }
      }
    }
    XCTAssertGreaterThan(saved, 20)
  }

  func testOperationsAfterOneAnother() throws {
    let unary: [any Primitive] = [
      Neg(), StopGradient(), IntegerPow(0), IntegerPow(1), IntegerPow(2), IntegerPow(3), Rev([0]),
      Transpose([1, 0]), Reshape([11, 1]), Slice([0, 0], [1, 11]), ReduceSum([]), ReduceMax([0]),
      Pad([]), Not(), Exp(),
    ]
    let type = type(.f64, 1, special.count)
    for first in unary {
      for second in unary {
        do throws(NTKError) {
          let program = try Program.build([type]) { b, x throws(NTKError) in
            try b.apply(second, b.apply(first, x))
          }
          _ = program
        } catch { continue }
        _ = try check([type], [special]) { b, x throws(NTKError) in
          try b.apply(second, b.apply(first, x))
        }
      }
      // x - f(x), and f(x) - x
      for isLeft in [false, true] {
        let program = try? Program.build([type]) { b, x throws(NTKError) in
          let y = try b.apply(first, x)[0]
          return try b.apply(Sub(), isLeft ? [y, x[0]] : [x[0], y])
        }
        guard let program else { continue }
        _ = try check([type], [special]) { b, x throws(NTKError) in try b.call(program, x) }
      }
    }
    let bits = try ValueType(.i32, [whole.count])
    for operation in [And(), Or()] as [any Primitive] {
      let saved = try check([bits], [whole]) { b, x throws(NTKError) in
        try b.apply(operation, [x[0], x[0]])
      }
      XCTAssertEqual(saved, 1)
    }
    XCTAssertEqual(
      try check([bits], [whole]) { b, x throws(NTKError) in
        try b.apply(Not(), b.apply(Not(), x))
      }, 2)
  }

  func testConcatenationsOfNothing() throws {
    for sizes in [[2], [0, 2], [0, 0], [1, 0, 2]] {
      let types = sizes.map { type(.f64, $0) }
      let inputs = sizes.map { [Double](repeating: -0.0, count: $0) }
      _ = try check(types, inputs) { b, x throws(NTKError) in try b.apply(Concatenate(0), x) }
    }
  }
}
