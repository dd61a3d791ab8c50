import CVectorLoops
import XCTest

final class ReductionTests: XCTestCase {
  private func reduce<T: Element>(
    _ loops: OpaquePointer, _ operation: ntk_reduction, _ values: [T], _ outer: Int, _ reduce: Int,
    _ inner: Int
  ) -> [T] {
    let loop = ntk_table_reduction_loop(loops, operation, T.code)!
    return withOutput(outer * inner, of: T.self) { loop($0, values, outer, reduce, inner, inner) }
  }

  private let shapes: [(Int, Int, Int)] = [
    (0, 3, 2), (3, 0, 2), (3, 0, 1), (2, 0, 40), (1, 1, 1), (1, 5, 1), (2, 31, 1), (3, 32, 1),
    (2, 33, 1), (3, 1000, 1), (1, 5000, 1), (2, 7, 3), (2, 500, 3), (1, 3000, 7), (2, 1000, 31),
    (2, 40, 32), (3, 100, 300), (1, 65, 257), (2, 2, 600), (1, 129, 2),
  ]

  private func naive<T>(
    _ values: [T], _ shape: (Int, Int, Int), _ start: T, _ step: (T, T) -> T
  ) -> [T] {
    let (outer, reduce, inner) = shape
    return (0..<(outer * inner)).map { index in
      let (o, i) = (index / inner, index % inner)
      return (0..<reduce).reduce(start) { step($0, values[(o * reduce + $1) * inner + i]) }
    }
  }

  private func checkIntegers<T: Element & FixedWidthInteger>(_: T.Type) {
    var generator = Generator(seed: 3)
    for loops in availableLoops() {
      for shape in shapes {
        let (outer, reduce, inner) = shape
        let values = (0..<(outer * reduce * inner)).map { _ in T.random(&generator) }
        func check(_ operation: ntk_reduction, _ start: T, _ step: (T, T) -> T) {
          assertClose(
            self.reduce(loops, operation, values, outer, reduce, inner),
            naive(values, shape, start, step), "\(operation) \(T.self) \(shape)")
        }
        check(NTK_LOOP_REDUCE_SUM, 0, &+)
        check(NTK_LOOP_REDUCE_PROD, 1, &*)
        check(NTK_LOOP_REDUCE_MAX, .min, max)
        check(NTK_LOOP_REDUCE_MIN, .max, min)
        check(NTK_LOOP_REDUCE_AND, ~0) { $0 & $1 }
        check(NTK_LOOP_REDUCE_OR, 0) { $0 | $1 }
        check(NTK_LOOP_REDUCE_XOR, 0) { $0 ^ $1 }
      }
    }
  }

  private func checkFloats<T: FloatElement>(_: T.Type) {
    var generator = Generator(seed: 4)
    for loops in availableLoops() {
      for shape in shapes {
        let (outer, reduce, inner) = shape
        let values = (0..<(outer * reduce * inner)).map { _ in T.random(&generator) }
        let sums = self.reduce(loops, NTK_LOOP_REDUCE_SUM, values, outer, reduce, inner)
        let exact = naive(values.map { Wide($0) }, shape, 0, +)
        let sizes = naive(values.map { Wide($0.magnitude) }, shape, 0, +)
        for (index, sum) in sums.enumerated() {
          let unit = Wide(T.ulpOfOne) * (T.self == Float.self ? 1 : 16)
          XCTAssertLessThanOrEqual(
            abs(Wide(sum) - exact[index]), unit * sizes[index], "sum \(T.self) \(shape)")
        }
        let least = self.reduce(loops, NTK_LOOP_REDUCE_MIN, values, outer, reduce, inner)
        assertClose(least, naive(values, shape, .infinity) { min($0, $1) }, "min \(shape)")
        let greatest = self.reduce(loops, NTK_LOOP_REDUCE_MAX, values, outer, reduce, inner)
        assertClose(greatest, naive(values, shape, -.infinity) { max($0, $1) }, "max \(shape)")
        let near = values.map { 1 + $0 / 65536 }
        let products = self.reduce(loops, NTK_LOOP_REDUCE_PROD, near, outer, reduce, inner)
        for (a, b) in zip(products, naive(near.map { Wide($0) }, shape, 1, *)) {
          XCTAssertEqual(Double(a), Double(b), accuracy: Double(b) * Double(T.ulpOfOne) * 5000)
        }
      }
    }
  }

  func testIntegers() {
    checkIntegers(Int32.self)
    checkIntegers(Int64.self)
    checkIntegers(UInt8.self)
    checkIntegers(UInt32.self)
    checkIntegers(UInt64.self)
  }

  func testFloats() {
    checkFloats(Float.self)
    checkFloats(Double.self)
  }

  func testBool() {
    for loops in availableLoops() {
      XCTAssertNil(ntk_table_reduction_loop(loops, NTK_LOOP_REDUCE_SUM, NTK_LOOP_BOOL))
      let any = reduce(loops, NTK_LOOP_REDUCE_MAX, [false, false, true, false], 2, 2, 1)
      XCTAssertEqual(any, [false, true])
      let all = reduce(loops, NTK_LOOP_REDUCE_MIN, [true, true, true, false], 2, 2, 1)
      XCTAssertEqual(all, [true, false])
      XCTAssertEqual(reduce(loops, NTK_LOOP_REDUCE_MIN, [Bool](), 1, 0, 1), [true])
      XCTAssertEqual(reduce(loops, NTK_LOOP_REDUCE_AND, [Bool](), 1, 0, 1), [true])
      XCTAssertEqual(
        reduce(loops, NTK_LOOP_REDUCE_OR, [false, false, true, false], 2, 2, 1), [false, true])
      XCTAssertEqual(
        reduce(loops, NTK_LOOP_REDUCE_XOR, [true, true, true, false], 2, 2, 1), [false, true])
    }
  }

  /// The error does not grow with the number of terms: the sum of many equal numbers that are not
  /// sums of few powers of 2.
  func testLongSumsAreAccurate() {
    for loops in availableLoops() {
      let count = 1 << 22
      let tenths = [Float](repeating: 0.1, count: count)
      let single = reduce(loops, NTK_LOOP_REDUCE_SUM, tenths, 1, count, 1)
      XCTAssertEqual(single[0], Float(Double(Float(0.1)) * Double(count)))
      let values = [Double](repeating: 0.1, count: count)
      for inner in [1, 2, 16, 64] {
        let sums = reduce(loops, NTK_LOOP_REDUCE_SUM, values, 1, count / inner, inner)
        let exact = Wide(0.1 as Double) * Wide(count / inner)
        for sum in sums {
          XCTAssertLessThanOrEqual(abs(Wide(sum) - exact), exact * Wide(Double.ulpOfOne) * 8)
        }
      }
    }
  }

  /// NaN and infinities come through wherever they stand, and infinities do not turn into NaN.
  func testSpecialValues() {
    for loops in availableLoops() {
      for (reduceSize, inner) in [(70, 1), (700, 1), (100, 3), (100, 40)] {
        for position in [0, 1, reduceSize / 2, reduceSize - 1] {
          var values = [Double](repeating: 1, count: reduceSize * inner)
          for special in [Double.nan, .infinity, -.infinity] {
            values[position * inner] = special
            let sum = reduce(loops, NTK_LOOP_REDUCE_SUM, values, 1, reduceSize, inner)[0]
            assertClose([sum], [special], "sum of \(special)")
            let most = reduce(loops, NTK_LOOP_REDUCE_MAX, values, 1, reduceSize, inner)[0]
            assertClose([most], [special == -.infinity ? 1 : special], "max of \(special)")
            let least = reduce(loops, NTK_LOOP_REDUCE_MIN, values, 1, reduceSize, inner)[0]
            assertClose([least], [special == .infinity ? 1 : special], "min of \(special)")
          }
        }
      }
    }
  }

  /// A caller may give a part of the columns; the rest is not touched.
  func testPartOfTheColumns() {
    var generator = Generator(seed: 5)
    let (outer, reduceSize, row) = (2, 37, 50)
    let values = (0..<(outer * reduceSize * row)).map { _ in Float.random(&generator) }
    let loop = ntk_find_reduction_loop(NTK_LOOP_REDUCE_SUM, NTK_LOOP_F32)!
    let whole = withOutput(outer * row, of: Float.self) {
      loop($0, values, outer, reduceSize, row, row)
    }
    let parts = withOutput(outer * row, of: Float.self) { out in
      values.withUnsafeBytes { bytes in
        for (start, count) in [(0, 1), (1, 20), (21, 29)] {
          loop(out + 4 * start, bytes.baseAddress! + 4 * start, outer, reduceSize, count, row)
        }
      }
    }
    XCTAssertEqual(whole, parts)
  }
}
