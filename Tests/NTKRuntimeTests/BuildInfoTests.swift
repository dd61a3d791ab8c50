import CVectorLoops
import NTKRuntime
import XCTest

final class BuildInfoTests: XCTestCase {
  func testTheChosenLoopsAreTheBestAvailable() {
    XCTAssertEqual(availableLoops().last, ntk_loops())
    XCTAssertEqual(BuildInfo.instructionSet, instructionSet(ntk_loops()))
    XCTAssertNil(ntk_loops_for(3))
    XCTAssertNil(ntk_loops_for(-1))
  }

  func testBLASDescribesItself() {
    XCTAssertTrue(BuildInfo.blasConfiguration.contains("OpenBLAS"))
    XCTAssertFalse(BuildInfo.blasCoreName.isEmpty)
  }
}
