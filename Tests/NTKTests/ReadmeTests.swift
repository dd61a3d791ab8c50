import NTK
import XCTest

/// What README.md shows in Swift; Tests/python/test_readme.py holds the two equal.
final class ReadmeTests: XCTestCase {
  func testReadme() throws {
    // README
    let program = try Program.build { b in
      let w = try b.input(.f64, [3], name: "w")
      let x = try b.input(.f64, [2, 3], name: "x")
      return [try b.one("tanh", b.one("np.matmul", x, w))]
    }
    let kernel = try TangentKernel(of: program, parameters: [0], traceAxes: [])
    let w = [0.5, -1, 0.25]
    let x: [Double] = [1, 0, 2, 0, 1, 1]
    let theta: [Double] = try kernel.compute(x, nil, [w])  // 2 x 2, row-major
    // end of README

    // theta[n, m] = y'[n] y'[m] x[n]·x[m], y = tanh(x w).
    let values: [[Double]] = try program.run([w, x])
    let slopes = values[0].map { (1 - $0) * (1 + $0) }
    let products: [[Double]] = [[5, 2], [2, 2]]
    for n in 0..<2 {
      for m in 0..<2 {
        let expected = slopes[n] * slopes[m] * products[n][m]
        XCTAssertEqual(theta[2 * n + m], expected, accuracy: 1e-14)
      }
    }
  }
}
