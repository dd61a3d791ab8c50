import CVectorLoops
import XCTest

final class ThreefryTests: XCTestCase {
  /// The known answers of Random123 for threefry2x32 with 20 rounds.
  func testKnownAnswers() {
    let k0: [UInt32] = [0, .max, 0x1319_8a2e]
    let k1: [UInt32] = [0, .max, 0x0370_7344]
    let x0: [UInt32] = [0, .max, 0x243f_6a88]
    let x1: [UInt32] = [0, .max, 0x85a3_08d3]
    for loops in availableLoops() {
      let loop = ntk_table_threefry_loop(loops)!
      for copies in [1, 7, 100] {
        func many(_ words: [UInt32]) -> [UInt32] { (0..<copies).flatMap { _ in words } }
        var (out0, out1) = (many(k0), many(k1))
        loop(&out0, &out1, many(k0), many(k1), many(x0), many(x1), 3 * copies)
        XCTAssertEqual(out0, many([0x6b20_0159, 0x1cb9_96fc, 0xc492_3a9c]))
        XCTAssertEqual(out1, many([0x99ba_4efe, 0xbb00_2be7, 0x483d_f7a0]))
      }
    }
  }
}
