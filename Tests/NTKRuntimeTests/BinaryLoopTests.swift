import CVectorLoops
import XCTest

/// A binary operation and what it should give.
private struct Row<In: Element, Out: Element> {
  let operation: ntk_binary_operation
  let ulps: Double
  let expected: (In, In) -> Out

  init(
    _ operation: ntk_binary_operation, ulps: Double = 0, _ expected: @escaping (In, In) -> Out
  ) {
    self.operation = operation
    self.ulps = ulps
    self.expected = expected
  }
}

final class BinaryLoopTests: XCTestCase {
  private func comparisons<T: Element & Comparable>(_: T.Type) -> [Row<T, Bool>] {
    [
      Row(NTK_LOOP_EQ) { $0 == $1 }, Row(NTK_LOOP_NE) { $0 != $1 }, Row(NTK_LOOP_LT) { $0 < $1 },
      Row(NTK_LOOP_LE) { $0 <= $1 }, Row(NTK_LOOP_GT) { $0 > $1 }, Row(NTK_LOOP_GE) { $0 >= $1 },
    ]
  }

  private func floatRows<T: FloatElement>(_: T.Type) -> [Row<T, T>] {
    [
      Row(NTK_LOOP_ADD) { $0 + $1 }, Row(NTK_LOOP_SUB) { $0 - $1 }, Row(NTK_LOOP_MUL) { $0 * $1 },
      Row(NTK_LOOP_DIV) { $0 / $1 },
      Row(NTK_LOOP_REM) { $0.truncatingRemainder(dividingBy: $1) },
      Row(NTK_LOOP_MAX) { x, y in x.isNaN ? x : y.isNaN ? y : x > y ? x : y },
      Row(NTK_LOOP_MIN) { x, y in x.isNaN ? x : y.isNaN ? y : x < y ? x : y },
      Row(NTK_LOOP_POW, ulps: 4) { T(pow(Double($0), Double($1))) },
      Row(NTK_LOOP_ATAN2, ulps: 4) { T(atan2(Double($0), Double($1))) },
      Row(NTK_LOOP_NEXTAFTER) { x, y in
        x.isNaN || y.isNaN ? .nan : x == y ? y : x < y ? x.nextUp : x.nextDown
      },
    ]
  }

  private func integerRows<T: Element & FixedWidthInteger>(_: T.Type) -> [Row<T, T>] {
    [
      Row(NTK_LOOP_ADD) { $0 &+ $1 }, Row(NTK_LOOP_SUB) { $0 &- $1 },
      Row(NTK_LOOP_MUL) { $0 &* $1 },
      Row(NTK_LOOP_DIV) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue },
      Row(NTK_LOOP_REM) {
        $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue
      },
      Row(NTK_LOOP_SHIFT_LEFT) { $1 < 0 ? 0 : $0 << $1 },
      Row(NTK_LOOP_SHIFT_RIGHT_LOGICAL) {
        let bits = UInt64(truncatingIfNeeded: $0) & (UInt64.max >> (64 - T.bitWidth))
        return $1 < 0 ? 0 : T(truncatingIfNeeded: bits >> $1)
      },
      Row(NTK_LOOP_SHIFT_RIGHT_ARITHMETIC) {
        let bits = (Int64(truncatingIfNeeded: $0) << (64 - T.bitWidth)) >> (64 - T.bitWidth)
        return T(truncatingIfNeeded: $1 < 0 ? bits >> 63 : bits >> $1)
      },
      Row(NTK_LOOP_INTEGER_POWER) { x, y in
        if y < 0 { return x == 1 ? 1 : x == 0 &- 1 ? (y & 1 == 1 ? x : 1) : 0 }
        var (base, power, rest) = (x, T(1), y)
        while rest > 0 {
          if rest & 1 == 1 { power = power &* base }
          base = base &* base
          rest >>= 1
        }
        return power
      },
      Row(NTK_LOOP_MAX) { max($0, $1) }, Row(NTK_LOOP_MIN) { min($0, $1) },
      Row(NTK_LOOP_AND) { $0 & $1 }, Row(NTK_LOOP_OR) { $0 | $1 }, Row(NTK_LOOP_XOR) { $0 ^ $1 },
    ]
  }

  /// As for unary loops, over all pairs of special values and many random ones.
  private func check<In, Out>(_ rows: [Row<In, Out>]) {
    var generator = Generator(seed: 6)
    var left = In.specials.flatMap { x in In.specials.map { _ in x } }
    var right = In.specials.flatMap { _ in In.specials }
    for _ in 0..<1000 {
      left.append(.random(&generator))
      right.append(.random(&generator))
    }
    for loops in availableLoops() {
      for row in rows {
        let operation = String(cString: ntk_binary_operation_name(row.operation))
        let what = "\(operation) \(In.self) \(instructionSet(loops))"
        guard let loop = ntk_table_binary_loop(loops, row.operation, In.code) else {
          XCTFail("no \(what)")
          continue
        }
        let wanted = zip(left, right).map(row.expected)
        let whole = withOutput(left.count, of: Out.self) { loop($0, left, right, left.count) }
        assertClose(whole, wanted, ulps: row.ulps, what)
        for count in loopSizes {
          let start = count % 5
          let (a, b) = (Array(left[start..<(start + count)]), Array(right[start..<(start + count)]))
          let part = withOutput(count, of: Out.self, offset: 1) { loop($0, a, b, count) }
          assertClose(part, Array(whole[start..<(start + count)]), "\(what), \(count)")
        }
        for index in left.indices {
          let alone = withOutput(1, of: Out.self) { loop($0, [left[index]], [right[index]], 1) }
          assertClose(alone, [whole[index]], "\(what) of \(left[index]), \(right[index]) alone")
        }
        if MemoryLayout<In>.size == MemoryLayout<Out>.size {
          for side in 0...1 {
            var memory = side == 0 ? left : right
            memory.withUnsafeMutableBytes { bytes in
              let base = bytes.baseAddress!
              if side == 0 {
                loop(base, base, right, right.count)
              } else {
                loop(base, left, base, left.count)
              }
              assertClose(Array(bytes.bindMemory(to: Out.self)), whole, "\(what) in place")
            }
          }
        }
      }
    }
  }

  func testFloats() {
    check(floatRows(Float.self))
    check(floatRows(Double.self))
    check(comparisons(Float.self))
    check(comparisons(Double.self))
  }

  func testIntegers() {
    func checkAll<T: Element & FixedWidthInteger>(_ type: T.Type) {
      check(integerRows(type))
      check(comparisons(type))
    }
    checkAll(Int32.self)
    checkAll(Int64.self)
    checkAll(UInt8.self)
    checkAll(UInt32.self)
    checkAll(UInt64.self)
  }

  func testBool() {
    func row(_ operation: ntk_binary_operation, _ expected: @escaping (Bool, Bool) -> Bool)
      -> Row<Bool, Bool>
    {
      Row(operation, expected)
    }
    check([row(NTK_LOOP_AND) { $0 && $1 }, row(NTK_LOOP_OR) { $0 || $1 }])
    check([row(NTK_LOOP_XOR) { $0 != $1 }, row(NTK_LOOP_NE) { $0 != $1 }])
    check([row(NTK_LOOP_MAX) { $0 || $1 }, row(NTK_LOOP_MIN) { $0 && $1 }])
    check([row(NTK_LOOP_EQ) { $0 == $1 }, row(NTK_LOOP_LT) { !$0 && $1 }])
    XCTAssertNil(ntk_find_binary_loop(NTK_LOOP_ADD, NTK_LOOP_BOOL))
    XCTAssertNil(ntk_find_binary_loop(NTK_LOOP_AND, NTK_LOOP_F32))
  }

  /// jax.lax.integer_pow's products, in its order.
  private func power<T>(_ x: T, _ exponent: Int64, one: T, _ times: (T, T) -> T) -> T {
    var (base, result, bits) = (x, one, exponent.magnitude)
    while bits > 0 {
      if bits & 1 == 1 { result = times(result, base) }
      bits >>= 1
      if bits > 0 { base = times(base, base) }
    }
    return result
  }

  func testIntegerPow() {
    var generator = Generator(seed: 7)
    let floats = Float.specials + (0..<200).map { _ in Float.random(&generator) }
    let integers = Int32.specials + (0..<200).map { _ in Int32.random(&generator) }
    for loops in availableLoops() {
      let loop = ntk_table_integer_pow_loop(loops, NTK_LOOP_F32)!
      let integerLoop = ntk_table_integer_pow_loop(loops, NTK_LOOP_I32)!
      for exponent in [0, 1, 2, 3, 7, 10, 31, -1, -2, -5, .min, .max] as [Int64] {
        let got = withOutput(floats.count, of: Float.self) {
          loop($0, floats, exponent, floats.count)
        }
        assertClose(
          got,
          floats.map {
            let power = power($0, exponent, one: 1, *)
            return exponent < 0 ? 1 / power : power
          }, "**\(exponent)")
        let whole = withOutput(integers.count, of: Int32.self) {
          integerLoop($0, integers, exponent, integers.count)
        }
        assertClose(
          whole,
          integers.map {
            let power = power($0, exponent, one: 1, &*)
            return exponent >= 0 ? power : power == 0 ? 0 : 1 / power
          }, "**\(exponent)")
      }
    }
  }

  func testSelect() {
    var generator = Generator(seed: 8)
    func check<T: Element>(_: T.Type) {
      for loops in availableLoops() {
        let loop = ntk_table_select_loop(loops, T.code)!
        for count in loopSizes {
          let which = (0..<count).map { _ in Bool.random(using: &generator) }
          let no = (0..<count).map { _ in T.random(&generator) }
          let yes = (0..<count).map { _ in T.random(&generator) }
          let got = withOutput(count, of: T.self) { loop($0, which, no, yes, count) }
          assertClose(got, (0..<count).map { which[$0] ? yes[$0] : no[$0] }, "select \(T.self)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
    check(Int64.self)
    check(UInt8.self)
    check(Bool.self)
  }
}
