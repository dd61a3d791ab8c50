import CVectorLoops
import XCTest

/// A unary operation and what it should give.
private struct Row<In: Element, Out: Element> {
  let operation: ntk_unary_operation
  let ulps: Double
  let expected: (In) -> Out

  init(_ operation: ntk_unary_operation, ulps: Double = 0, _ expected: @escaping (In) -> Out) {
    self.operation = operation
    self.ulps = ulps
    self.expected = expected
  }
}

/// By bisection between doubles, on the side where the function is not flat.
private func inverseOfErf(_ y: Double) -> Double {
  let magnitude = abs(y)
  guard magnitude < 1 else { return magnitude == 1 ? .infinity * y : .nan }
  let scale = 2 / Double.pi.squareRoot()
  // Beyond what squares resolve, the function is a straight line.
  if magnitude < 1e-9 { return y / scale }
  var (low, high) = (UInt64(0), (6.0).bitPattern)
  func isBelow(_ x: Double) -> Bool {
    magnitude < 0.5 ? erf(Wide(x)) < Wide(magnitude) : erfc(Wide(x)) > 1 - Wide(magnitude)
  }
  while high - low > 1 {
    let middle = low + (high - low) / 2
    if isBelow(Double(bitPattern: middle)) { low = middle } else { high = middle }
  }
  return y < 0 ? -Double(bitPattern: high) : Double(bitPattern: high)
}

final class UnaryLoopTests: XCTestCase {
  /// Functions of libm; f32 through Double, so that the reference is right to half a unit.
  private func functionRows<T: FloatElement>(_: T.Type) -> [Row<T, T>] {
    func row(_ operation: ntk_unary_operation, ulps: Double = 4, _ f: @escaping (Double) -> Double)
      -> Row<T, T>
    {
      Row(operation, ulps: ulps) { T(f(Double($0))) }
    }
    return [
      row(NTK_LOOP_EXP, exp), row(NTK_LOOP_EXP2, exp2), row(NTK_LOOP_EXPM1, expm1),
      row(NTK_LOOP_LOG, log), row(NTK_LOOP_LOG1P, log1p), row(NTK_LOOP_SIN, sin),
      row(NTK_LOOP_COS, cos), row(NTK_LOOP_TANH, tanh), row(NTK_LOOP_CBRT, cbrt),
      row(NTK_LOOP_TAN, tan), row(NTK_LOOP_ASIN, asin), row(NTK_LOOP_ACOS, acos),
      row(NTK_LOOP_ATAN, atan), row(NTK_LOOP_SINH, sinh), row(NTK_LOOP_COSH, cosh),
      row(NTK_LOOP_ASINH, asinh), row(NTK_LOOP_ACOSH, acosh), row(NTK_LOOP_ATANH, atanh),
      row(NTK_LOOP_ERF, erf), row(NTK_LOOP_ERFC, erfc), row(NTK_LOOP_ERF_INV, inverseOfErf),
      row(NTK_LOOP_LGAMMA, lgamma),
      row(NTK_LOOP_LOGISTIC) { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) },
      row(NTK_LOOP_SQRT, ulps: 0) { $0.squareRoot() },
      row(NTK_LOOP_RSQRT, ulps: 1) { 1 / $0.squareRoot() },
    ]
  }

  private func exactFloatRows<T: FloatElement>(_: T.Type) -> [Row<T, T>] {
    [
      Row(NTK_LOOP_NEG) { -$0 }, Row(NTK_LOOP_ABS) { $0.magnitude },
      Row(NTK_LOOP_SIGN) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
      Row(NTK_LOOP_ROUND) { $0.rounded(.toNearestOrAwayFromZero) },
      Row(NTK_LOOP_ROUND_EVEN) { $0.rounded(.toNearestOrEven) },
      Row(NTK_LOOP_FLOOR) { $0.rounded(.down) }, Row(NTK_LOOP_CEIL) { $0.rounded(.up) },
    ]
  }

  private func integerRows<T: Element & FixedWidthInteger>(_: T.Type) -> [Row<T, T>] {
    [
      Row(NTK_LOOP_NEG) { 0 &- $0 }, Row(NTK_LOOP_ABS) { $0 < 0 ? 0 &- $0 : $0 },
      Row(NTK_LOOP_SIGN) { T(truncatingIfNeeded: $0.signum()) }, Row(NTK_LOOP_NOT) { ~$0 },
      Row(NTK_LOOP_POPULATION_COUNT) { T($0.nonzeroBitCount) },
      Row(NTK_LOOP_CLZ) { T($0.leadingZeroBitCount) },
    ]
  }

  /// The loop gives what is expected, at every size and alignment, also in place, and an element's
  /// bits do not depend on where it stands.
  private func check<In, Out>(_ rows: [Row<In, Out>]) {
    var generator = Generator(seed: 1)
    let values = In.specials + (0..<1000).map { _ in In.random(&generator) }
    for loops in availableLoops() {
      for row in rows {
        let operation = String(cString: ntk_unary_operation_name(row.operation))
        let what = "\(operation) \(In.self) \(instructionSet(loops))"
        guard let loop = ntk_table_unary_loop(loops, row.operation, In.code) else {
          XCTFail("no \(what)")
          continue
        }
        let wanted = values.map(row.expected)
        let whole = withOutput(values.count, of: Out.self) { loop($0, values, values.count) }
        assertClose(whole, wanted, ulps: row.ulps, what)
        for count in loopSizes {
          for start in 0...3 {
            let slice = Array(values[start..<(start + count)])
            let part = withOutput(count, of: Out.self, offset: start) { loop($0, slice, count) }
            let there = Array(whole[start..<(start + count)])
            assertClose(part, there, "\(what), \(count) from \(start)")
          }
        }
        for (index, value) in values.enumerated() {
          let alone = withOutput(1, of: Out.self) { loop($0, [value], 1) }
          assertClose(alone, [whole[index]], "\(what), \(value) alone")
        }
        if MemoryLayout<In>.size == MemoryLayout<Out>.size {
          var inPlace = values
          inPlace.withUnsafeMutableBytes { loop($0.baseAddress, $0.baseAddress, values.count) }
          inPlace.withUnsafeBytes { bytes in
            assertClose(Array(bytes.bindMemory(to: Out.self)), whole, "\(what) in place")
          }
        }
      }
    }
  }

  func testFunctions() {
    check(functionRows(Float.self))
    check(functionRows(Double.self))
  }

  func testExactOperationsOfFloats() {
    check(exactFloatRows(Float.self))
    check(exactFloatRows(Double.self))
    check([Row<Float, Bool>(NTK_LOOP_IS_FINITE) { $0.isFinite }])
    check([Row<Double, Bool>(NTK_LOOP_IS_FINITE) { $0.isFinite }])
  }

  func testIntegers() {
    check(integerRows(Int32.self))
    check(integerRows(Int64.self))
    check(integerRows(UInt8.self))
    check(integerRows(UInt32.self))
    check(integerRows(UInt64.self))
  }

  func testLogicalNot() {
    for loops in availableLoops() {
      let loop = ntk_table_unary_loop(loops, NTK_LOOP_NOT, NTK_LOOP_BOOL)!
      XCTAssertEqual(withOutput(2, of: UInt8.self) { loop($0, [UInt8(0), 1], 2) }, [1, 0])
    }
  }

  /// The accuracy of the vector functions over each function's whole range, f32 by stepping through
  /// the bit patterns.
  func testAccuracyOverAllMagnitudes() {
    let values = stride(from: UInt32(0), to: UInt32.max - 40_000, by: 40_009).map {
      Float(bitPattern: $0)
    }
    var generator = Generator(seed: 2)
    let wide = (0..<100_000).map { _ in Double(bitPattern: generator.next()) }
    for loops in availableLoops() {
      for row in functionRows(Float.self) {
        let loop = ntk_table_unary_loop(loops, row.operation, NTK_LOOP_F32)!
        let got = withOutput(values.count, of: Float.self) { loop($0, values, values.count) }
        assertClose(
          got, values.map(row.expected), ulps: 4,
          "\(row.operation) f32 \(instructionSet(loops))")
      }
      for row in functionRows(Double.self) {
        let loop = ntk_table_unary_loop(loops, row.operation, NTK_LOOP_F64)!
        let got = withOutput(wide.count, of: Double.self) { loop($0, wide, wide.count) }
        assertClose(
          got, wide.map(row.expected), ulps: 5,
          "\(row.operation) f64 \(instructionSet(loops))")
      }
    }
  }

  func testUnsupportedTypesHaveNoLoop() {
    XCTAssertNil(ntk_find_unary_loop(NTK_LOOP_EXP, NTK_LOOP_I32))
    XCTAssertNil(ntk_find_unary_loop(NTK_LOOP_NEG, NTK_LOOP_BOOL))
    XCTAssertNil(ntk_find_unary_loop(NTK_LOOP_NEG, ntk_loop_type(rawValue: 0)))
    XCTAssertNil(ntk_find_unary_loop(NTK_LOOP_NEG, ntk_loop_type(rawValue: 99)))
    XCTAssertNil(ntk_find_unary_loop(ntk_unary_operation(rawValue: 999), NTK_LOOP_F32))
  }
}
