import CVectorLoops
import Glibc
import NTKRuntime
import Synchronization
import XCTest

/// Python's multiprocessing forks a process that has used the library; the child must be able to.
final class ForkTests: XCTestCase {
  private func sumInParallel() -> Bool {
    let sum = Atomic<Int>(0)
    ThreadPool.forEach(1000) { sum.wrappingAdd($0, ordering: .relaxed) }
    return sum.load(ordering: .relaxed) == 499_500
  }

  private func multiply() -> Bool {
    let n = 300
    let ones = [Float](repeating: 1, count: n * n)
    var out = [Float](repeating: 0, count: n * n)
    let product = MatrixProduct(NTK_LOOP_F32, rows: n, columns: n, inner: n)
    product?.run(out: &out, left: ones, right: ones)
    return out == [Float](repeating: Float(n), count: n * n)
  }

  /// Run `body` in a child of a fork; false if it fails or hangs.
  private func inChild(_ body: () -> Bool) -> Bool {
    // Swift hides fork.
    typealias Fork = @convention(c) () -> pid_t
    guard let symbol = dlsym(nil, "fork") else { return false }
    let child = unsafeBitCast(symbol, to: Fork.self)()
    if child == 0 {
      alarm(20)
      _exit(body() ? 0 : 1)
    }
    var status: Int32 = -1
    return waitpid(child, &status, 0) == child && status == 0
  }

  func testChildUsesThePool() {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    ThreadPool.setThreadCount(3)
    for _ in 0..<5 {
      XCTAssertTrue(sumInParallel())
      XCTAssertTrue(inChild(sumInParallel))
      XCTAssertTrue(sumInParallel())
    }
  }

  func testChildMultiplies() {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    ThreadPool.setThreadCount(2)
    for _ in 0..<3 {
      XCTAssertTrue(multiply())
      XCTAssertTrue(inChild(multiply))
      XCTAssertTrue(multiply())
    }
  }

  /// A fork while other threads are inside loops and products.
  func testForkAmongBusyThreads() {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    ThreadPool.setThreadCount(3)
    let stop = Flag()
    let busy = [
      Caller { self.repeats(until: stop, self.sumInParallel) },
      Caller { self.repeats(until: stop, self.multiply) },
    ]
    for _ in 0..<20 {
      usleep(500)
      XCTAssertTrue(inChild { self.sumInParallel() && self.multiply() })
    }
    stop.set()
    for caller in busy { XCTAssertTrue(caller.join()) }
  }

  private func repeats(until stop: Flag, _ body: () -> Bool) -> Bool {
    while !stop.isSet {
      if !body() { return false }
    }
    return true
  }

  /// In the child of a fork from inside a loop, later loops work.
  func testForkInsideALoop() {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    ThreadPool.setThreadCount(2)
    let failures = Atomic<Int>(0)
    ThreadPool.forEach(4) { _ in
      if !inChild(sumInParallel) { failures.wrappingAdd(1, ordering: .relaxed) }
    }
    XCTAssertEqual(failures.load(ordering: .relaxed), 0)
  }
}

final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set() { value.store(true, ordering: .relaxed) }
}
