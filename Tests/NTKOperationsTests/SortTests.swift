import NTKOperations
import NTKProgram
import XCTest

final class SortTests: XCTestCase {
  /// Against a stable sort by comparisons, at sizes of every algorithm, with many ties.
  func testAgainstStableSort() throws {
    for element in [ElementType.f32, .f64, .i32, .i64, .u8, .u64] {
      for count in [1, 2, 15, 16, 17, 33, 255, 256, 1000, 3000] {
        let keys = type(element, count)
        let places = type(.i64, count)
        let row = OperationCase(
          Sort(0, keyCount: 2), [keys, keys, places],
          [.indices(element.isSigned ? -9...9 : 0...9), .any, .any])
        var operands = row.operands(seed: UInt64(count))
        operands[2] = TestArray(places, (0..<count).map(Double.init))
        let results = try evaluate(row.primitive, operands)
        let order = (0..<count).sorted { a, b in
          for operand in operands where operand.values[a] != operand.values[b] {
            return operand.values[a] < operand.values[b]
          }
          return false
        }
        XCTAssertEqual(results[2].values, order.map(Double.init), "\(element) \(count)")
        XCTAssertEqual(results[0].values, order.map { operands[0].values[$0] })
      }
    }
  }

  /// -0 equals 0; NaN comes last; equal ones keep their order.
  func testSpecialValues() throws {
    for element in [ElementType.f32, .f64] {
      let x = TestArray(type(element, 8), [0, -0.0, .nan, 1, -.infinity, -0.0, 0, .infinity])
      let places = TestArray(type(.i64, 8), (0..<8).map(Double.init))
      let sorted = try evaluate(Sort(0), [x, places])
      XCTAssertEqual(sorted[1].values, [4, 0, 1, 5, 6, 3, 7, 2])
      XCTAssertEqual(sorted[0].values[1].sign, .plus)
      XCTAssertEqual(sorted[0].values[2].sign, .minus)
      // In falling totalOrder 0 comes before -0.
      let top = try evaluate(TopK(8, axis: 0), [x])
      XCTAssertEqual(top[1].values, [2, 7, 3, 0, 6, 1, 5, 4])
    }
  }

  /// The same as the front of a sort, for lengths at which not all is sorted.
  func testTopOfManyIsTheFrontOfASort() throws {
    for domain in [OperationCase.Domain.any, .indices(0...3), .distinct] {
      for (element, count) in [(ElementType.f32, 5), (.f64, 64), (.i32, 1), (.f64, 0)] {
        let row = OperationCase(TopK(count, axis: 0), [type(element, 2000, 2)], [domain])
        let operands = row.operands(seed: 3)
        let results = try evaluate(row.primitive, operands)
        let values = operands[0].values
        for column in 0..<2 {
          let order = (0..<2000).sorted {
            let (a, b) = (values[2 * $0 + column], values[2 * $1 + column])
            return a == b ? $0 < $1 : a > b
          }
          let places = (0..<count).map { Int(results[1].values[2 * $0 + column]) }
          XCTAssertEqual(places, Array(order.prefix(count)), "\(element) \(count)")
        }
      }
    }
  }

  func testWrongParameters() {
    func fails(_ primitive: any Primitive, _ types: [ValueType], line: UInt = #line) {
      XCTAssertThrowsError(try primitive.resultTypes(types), line: line)
    }
    fails(Sort(1), [type(.f64, 3)])
    fails(Sort(0), [])
    fails(Sort(0), [type(.f64, 3), type(.f64, 4)])
    fails(Sort(0, keyCount: 2), [type(.f64, 3)])
    fails(Sort(0, keyCount: 0), [type(.f64, 3)])
    fails(TopK(4, axis: 0), [type(.f64, 3)])
    fails(TopK(-1, axis: 0), [type(.f64, 3)])
    fails(TopK(0, axis: 0), [type(.f64)])
    fails(operation("polygamma", [:]), [type(.i32, 2), type(.i32, 2)])
    fails(operation("clz", [:]), [type(.f32, 2)])
    fails(operation("lgamma", [:]), [type(.i32, 2)])
  }
}
