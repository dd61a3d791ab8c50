import CVectorLoops
import XCTest

final class ConversionTests: XCTestCase {
  private func check<In: Element, Out: Element>(_ expected: (In) -> Out) {
    var generator = Generator(seed: 9)
    let values = In.specials + (0..<500).map { _ in In.random(&generator) }
    for loops in availableLoops() {
      let loop = ntk_table_convert_loop(loops, Out.code, In.code)!
      let what = "\(In.self) to \(Out.self) \(instructionSet(loops))"
      let whole = withOutput(values.count, of: Out.self) { loop($0, values, values.count) }
      assertClose(whole, values.map(expected), what)
      for index in values.indices {
        let alone = withOutput(1, of: Out.self) { loop($0, [values[index]], 1) }
        assertClose(alone, [whole[index]], what)
      }
    }
  }

  /// Truncated, saturated, and 0 for NaN.
  private func truncated<In: FloatElement, Out: FixedWidthInteger>(_ x: In) -> Out {
    if x.isNaN { return 0 }
    return Out(exactly: x.rounded(.towardZero)) ?? (x < 0 ? .min : .max)
  }

  private func checkFrom<In: FloatElement>(float _: In.Type) {
    check { (x: In) -> Float in Float(x) }
    check { (x: In) -> Double in Double(x) }
    check { (x: In) -> Int32 in truncated(x) }
    check { (x: In) -> Int64 in truncated(x) }
    check { (x: In) -> UInt8 in truncated(x) }
    check { (x: In) -> UInt32 in truncated(x) }
    check { (x: In) -> UInt64 in truncated(x) }
    check { (x: In) -> Bool in x != 0 }
  }

  private func checkFrom<In: Element & FixedWidthInteger>(integer _: In.Type) {
    check { (x: In) -> Float in Float(x) }
    check { (x: In) -> Double in Double(x) }
    check { (x: In) -> Int32 in Int32(truncatingIfNeeded: x) }
    check { (x: In) -> Int64 in Int64(truncatingIfNeeded: x) }
    check { (x: In) -> UInt8 in UInt8(truncatingIfNeeded: x) }
    check { (x: In) -> UInt32 in UInt32(truncatingIfNeeded: x) }
    check { (x: In) -> UInt64 in UInt64(truncatingIfNeeded: x) }
    check { (x: In) -> Bool in x != 0 }
  }

  func testFloats() {
    checkFrom(float: Float.self)
    checkFrom(float: Double.self)
  }

  func testIntegers() {
    checkFrom(integer: Int32.self)
    checkFrom(integer: Int64.self)
    checkFrom(integer: UInt8.self)
    checkFrom(integer: UInt32.self)
    checkFrom(integer: UInt64.self)
  }

  func testBool() {
    check { (x: Bool) -> Float in x ? 1 : 0 }
    check { (x: Bool) -> Double in x ? 1 : 0 }
    check { (x: Bool) -> Int32 in x ? 1 : 0 }
    check { (x: Bool) -> UInt64 in x ? 1 : 0 }
    check { (x: Bool) -> Bool in x }
  }

  func testIota() {
    for loops in availableLoops() {
      let float = ntk_table_iota_loop(loops, NTK_LOOP_F32)!
      XCTAssertEqual(withOutput(5, of: Float.self) { float($0, -1, 2, 5) }, [-1, 1, 3, 5, 7])
      let byte = ntk_table_iota_loop(loops, NTK_LOOP_U8)!
      XCTAssertEqual(withOutput(4, of: UInt8.self) { byte($0, 254, 1, 4) }, [254, 255, 0, 1])
      let long = ntk_table_iota_loop(loops, NTK_LOOP_I64)!
      let wrapped = withOutput(2, of: Int64.self) { long($0, .max, 1, 2) }
      XCTAssertEqual(wrapped, [.max, .min])
    }
  }
}
