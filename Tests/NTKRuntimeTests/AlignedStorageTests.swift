import NTKRuntime
import XCTest

final class AlignedStorageTests: XCTestCase {
  func testSizes() throws {
    for byteCount in [0, 1, 63, 64, 65, 4096, (2 << 20) - 1, 2 << 20, (5 << 20) + 3] {
      let storage = try XCTUnwrap(AlignedStorage(byteCount: byteCount, zeroed: true))
      XCTAssertEqual(storage.byteCount, byteCount)
      XCTAssertEqual(UInt(bitPattern: storage.baseAddress) % UInt(AlignedStorage.alignment), 0)
      for byte in Set([0, byteCount / 2, byteCount - 1]) where 0..<byteCount ~= byte {
        XCTAssertEqual(storage.baseAddress.load(fromByteOffset: byte, as: UInt8.self), 0)
        storage.baseAddress.storeBytes(of: 1, toByteOffset: byte, as: UInt8.self)
      }
    }
  }

  func testAbsurdSizesAreRefused() {
    for byteCount in [-1, .min, .max, .max - 63, .max / 2, 1 << 60] {
      XCTAssertNil(AlignedStorage(byteCount: byteCount))
    }
  }
}
