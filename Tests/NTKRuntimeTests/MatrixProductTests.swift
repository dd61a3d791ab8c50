import COpenBLAS
import CVectorLoops
import NTKRuntime
import XCTest

final class MatrixProductTests: XCTestCase {
  private var threadsBefore = 1

  override func setUp() { threadsBefore = ThreadPool.threadCount }

  override func tearDown() { ThreadPool.setThreadCount(threadsBefore) }

  private typealias Case = (rows: Int, columns: Int, inner: Int, batch: Int)

  private let small: [Case] = [
    (0, 3, 2, 2), (3, 0, 2, 2), (3, 2, 0, 2), (3, 2, 2, 0), (1, 1, 1, 1), (1, 1, 50, 3),
    (1, 30, 40, 2), (30, 1, 40, 2), (2, 3, 4, 5), (7, 5, 3, 100), (17, 19, 23, 2), (64, 65, 1, 3),
    (5, 70, 66, 2), (40, 130, 2, 2), (1, 100, 1, 2), (33, 31, 64, 3),
  ]

  private let large: [Case] = [
    (300, 200, 150, 1), (513, 70, 301, 1), (40, 30, 20_000, 1), (2000, 3, 50, 2),
    (3, 2000, 50, 2), (1, 1, 300_000, 1), (1, 700, 9000, 1), (700, 1, 9000, 1), (65, 64, 63, 40),
    (600, 530, 20, 2),
  ]

  /// Operands with gaps between rows and between batches, in both orientations.
  private struct Problem<T: Element> {
    var product: MatrixProduct
    var left: [T]
    var right: [T]
    var out: [T]

    init(
      _ c: Case, transposed: (Bool, Bool), accumulates: Bool, gap: Int, _ generator: inout Generator
    ) {
      func operand(_ rows: Int, _ columns: Int, _ isTransposed: Bool)
        -> (MatrixProduct.Operand, Int)
      {
        let (lines, length) = isTransposed ? (columns, rows) : (rows, columns)
        let stride = lines * (length + gap) + gap
        let operand = MatrixProduct.Operand(
          leadingDimension: length + gap, batchStride: stride, isTransposed: isTransposed)
        return (operand, stride * c.batch + 1)
      }
      let (left, leftCount) = operand(c.rows, c.inner, transposed.0)
      let (right, rightCount) = operand(c.inner, c.columns, transposed.1)
      let (out, outCount) = operand(c.rows, c.columns, false)
      product = MatrixProduct(
        T.code, rows: c.rows, columns: c.columns, inner: c.inner, batch: c.batch, left: left,
        right: right, out: out, accumulates: accumulates)!
      // A prime number of random elements by turns: drawing each takes minutes in a debug build.
      let drawn = (0..<997).map { _ in T.random(&generator) }
      self.left = (0..<leftCount).map { drawn[$0 % 997] }
      self.right = (0..<rightCount).map { drawn[($0 + 331) % 997] }
      self.out = (0..<outCount).map { drawn[($0 + 661) % 997] }
    }

    func run() -> [T] {
      var result = out
      result.withUnsafeMutableBytes { product.run(out: $0.baseAddress!, left: left, right: right) }
      return result
    }

    /// (item, row, column) of each element of the result, and its place.
    func forEachElement(_ body: (Int, Int, Int, Int) -> Void) {
      for item in 0..<product.batch {
        for row in 0..<product.rows {
          for column in 0..<product.columns {
            let place =
              item * product.out.batchStride + row * product.out.leadingDimension + column
            body(item, row, column, place)
          }
        }
      }
    }

    func leftElement(_ item: Int, _ row: Int, _ q: Int) -> T {
      let (i, j) = product.left.isTransposed ? (q, row) : (row, q)
      return left[item * product.left.batchStride + i * product.left.leadingDimension + j]
    }

    func rightElement(_ item: Int, _ q: Int, _ column: Int) -> T {
      let (i, j) = product.right.isTransposed ? (column, q) : (q, column)
      return right[item * product.right.batchStride + i * product.right.leadingDimension + j]
    }
  }

  private let orientations = [(false, false), (true, false), (false, true), (true, true)]

  private func checkFloats<T: FloatElement>(_: T.Type, _ cases: [Case]) {
    var generator = Generator(seed: 12)
    for c in cases {
      for transposed in orientations {
        for (accumulates, gap) in [(false, 0), (true, 3)] {
          let problem = Problem<T>(
            c, transposed: transposed, accumulates: accumulates, gap: gap, &generator)
          let got = problem.run()
          // Some elements of a large product, all of a small one; what is between rows stays.
          let checked = c.inner > 1000 ? 20 : 500
          let step = c.rows * c.columns * c.batch / checked + 1
          var isTouched = [Bool](repeating: false, count: got.count)
          problem.forEachElement { item, row, column, place in
            isTouched[place] = true
            guard (row * c.columns + column) % step == 0 else { return }
            var sum = accumulates ? Double(problem.out[place]) : 0
            var size = abs(sum)
            for q in 0..<c.inner {
              let term =
                Double(problem.leftElement(item, row, q))
                * Double(problem.rightElement(item, q, column))
              sum += term
              size += abs(term)
            }
            let tolerance = size * Double(T.ulpOfOne) * (8 + Double(c.inner) / 16)
            XCTAssertEqual(
              Double(got[place]), sum, accuracy: tolerance, "\(T.self) \(c) \(transposed)")
          }
          XCTAssertTrue(
            got.indices.allSatisfy { isTouched[$0] || got[$0] == problem.out[$0] })
        }
      }
    }
  }

  private func checkIntegers<T: Element & FixedWidthInteger>(_: T.Type) {
    var generator = Generator(seed: 13)
    for c in small {
      for transposed in orientations {
        for (accumulates, gap) in [(false, 0), (true, 3)] {
          let problem = Problem<T>(
            c, transposed: transposed, accumulates: accumulates, gap: gap, &generator)
          var expected = problem.out
          problem.forEachElement { item, row, column, place in
            expected[place] = (0..<c.inner).reduce(accumulates ? expected[place] : 0) {
              $0 &+ problem.leftElement(item, row, $1) &* problem.rightElement(item, $1, column)
            }
          }
          XCTAssertEqual(problem.run(), expected, "\(T.self) \(c) \(transposed)")
        }
      }
    }
  }

  func testSmallFloats() {
    checkFloats(Float.self, small)
    checkFloats(Double.self, small)
  }

  func testLargeFloats() {
    checkFloats(Float.self, large)
    checkFloats(Double.self, large)
  }

  func testIntegers() {
    checkIntegers(Int32.self)
    checkIntegers(Int64.self)
    checkIntegers(UInt8.self)
    checkIntegers(UInt32.self)
    checkIntegers(UInt64.self)
  }

  /// The same bits for any number of threads, and again.
  func testThreadCountDoesNotChangeBits() {
    var generator = Generator(seed: 14)
    for c in small + large {
      let problem = Problem<Float>(
        c, transposed: (false, true), accumulates: true, gap: 1, &generator)
      ThreadPool.setThreadCount(1)
      let one = problem.run().map(\.bitPattern)
      for threads in [1, 2, 3] {
        ThreadPool.setThreadCount(threads)
        XCTAssertEqual(problem.run().map(\.bitPattern), one, "\(c), \(threads) threads")
      }
    }
  }

  /// A caller's own setting of OpenBLAS comes back after our products.
  func testBLASThreadsAreRestored() {
    var generator = Generator(seed: 15)
    let before = openblas_get_num_threads()
    defer { openblas_set_num_threads(before) }
    openblas_set_num_threads(2)
    let problem = Problem<Double>(
      (200, 200, 200, 1), transposed: (false, false), accumulates: false, gap: 0, &generator)
    let expected = problem.run()
    let callers = (0..<3).map { _ in
      Caller { (0..<50).allSatisfy { _ in problem.run() == expected } }
    }
    for caller in callers { XCTAssertTrue(caller.join()) }
    XCTAssertEqual(openblas_get_num_threads(), 2)
  }

  /// The workspace that a memory plan has to add stays small beside the operands.
  func testWorkspaceIsSmall() {
    for (rows, columns, inner) in [(64, 64, 1 << 20), (512, 512, 1 << 20), (1, 1, 1 << 30)] {
      let product = MatrixProduct(NTK_LOOP_F32, rows: rows, columns: columns, inner: inner)!
      XCTAssertGreaterThan(product.workspaceByteCount, 0)
      XCTAssertLessThan(product.workspaceByteCount, 4 * inner * (rows + columns) / 16)
    }
  }

  func testRefusedDescriptions() {
    XCTAssertNil(MatrixProduct(NTK_LOOP_BOOL, rows: 1, columns: 1, inner: 1))
    XCTAssertNil(MatrixProduct(NTK_LOOP_F32, rows: -1, columns: 1, inner: 1))
    XCTAssertNil(MatrixProduct(NTK_LOOP_F32, rows: 1, columns: 1, inner: .max, batch: .max))
    XCTAssertNil(MatrixProduct(ntk_loop_type(rawValue: 0), rows: 1, columns: 1, inner: 1))
    let narrow = MatrixProduct.Operand(leadingDimension: 2)
    XCTAssertNil(MatrixProduct(NTK_LOOP_F32, rows: 1, columns: 1, inner: 3, left: narrow))
    let transposed = MatrixProduct.Operand(leadingDimension: 2, isTransposed: true)
    XCTAssertNil(MatrixProduct(NTK_LOOP_F32, rows: 2, columns: 2, inner: 2, out: transposed))
  }
}
