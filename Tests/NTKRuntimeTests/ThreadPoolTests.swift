import Glibc
import NTKRuntime
import Synchronization
import XCTest

final class ThreadPoolTests: XCTestCase {
  private var threadsBefore = 1

  override func setUp() { threadsBefore = ThreadPool.threadCount }

  override func tearDown() { ThreadPool.setThreadCount(threadsBefore) }

  /// Each index comes once, whatever the number of threads and indices.
  func testEachIndexOnce() {
    for threads in [1, 2, 3, 8] {
      ThreadPool.setThreadCount(threads)
      XCTAssertEqual(ThreadPool.threadCount, threads)
      for count in [-1, 0, 1, 2, 3, 100, 5000] {
        checkEachIndexOnce(count)
      }
    }
  }

  private func checkEachIndexOnce(
    _ count: Int, file: StaticString = #filePath, line: UInt = #line
  ) {
    let calls = Counters(max(count, 0))
    ThreadPool.forEach(count) { calls.add($0) }
    XCTAssertEqual(calls.values, [Int](repeating: 1, count: max(count, 0)), file: file, line: line)
  }

  func testThreadCountIsClamped() {
    ThreadPool.setThreadCount(-5)
    XCTAssertEqual(ThreadPool.threadCount, 1)
    ThreadPool.setThreadCount(.max)
    XCTAssertEqual(ThreadPool.threadCount, 1024)
  }

  func testManyShortLoops() {
    ThreadPool.setThreadCount(3)
    let total = Atomic<Int>(0)
    for _ in 0..<20_000 { ThreadPool.forEach(4) { total.wrappingAdd($0, ordering: .relaxed) } }
    XCTAssertEqual(total.load(ordering: .relaxed), 20_000 * 6)
  }

  func testLoopsAfterTheThreadsSlept() {
    ThreadPool.setThreadCount(4)
    for _ in 0..<20 {
      checkEachIndexOnce(50)
      usleep(2000)
    }
  }

  func testNestedLoops() {
    ThreadPool.setThreadCount(4)
    let calls = Counters(30 * 40)
    ThreadPool.forEach(30) { outer in
      let thread = pthread_self()
      ThreadPool.forEach(40) { inner in
        XCTAssertEqual(pthread_equal(thread, pthread_self()) != 0, true)
        calls.add(outer * 40 + inner)
      }
    }
    XCTAssertEqual(calls.values, [Int](repeating: 1, count: 1200))
  }

  func testTwoCallers() {
    ThreadPool.setThreadCount(3)
    let callers = (0..<4).map { _ in
      Caller {
        for count in [1, 10, 300] {
          for _ in 0..<300 {
            let sum = Atomic<Int>(0)
            ThreadPool.forEach(count) { sum.wrappingAdd($0, ordering: .relaxed) }
            if sum.load(ordering: .relaxed) != count * (count - 1) / 2 { return false }
          }
        }
        return true
      }
    }
    for caller in callers { XCTAssertTrue(caller.join()) }
  }

  func testRanges() {
    for (count, grain) in [(0, 3), (1, 3), (3, 3), (10, 3), (10, 0), (10, 100), (10, .max)] {
      let calls = Counters(count)
      ThreadPool.forEachRange(count, grain: grain) { range in
        XCTAssertLessThanOrEqual(range.count, max(grain, 1))
        for index in range { calls.add(index) }
      }
      XCTAssertEqual(calls.values, [Int](repeating: 1, count: count))
    }
  }
}

/// Counts calls by index, from any thread.
final class Counters: @unchecked Sendable {
  private let counts: UnsafeMutablePointer<Atomic<Int>>
  private let size: Int

  init(_ size: Int) {
    self.size = size
    counts = .allocate(capacity: size + 1)
    for index in 0..<size { (counts + index).initialize(to: Atomic(0)) }
  }

  deinit { counts.deallocate() }

  func add(_ index: Int) { counts[index].wrappingAdd(1, ordering: .relaxed) }

  var values: [Int] { (0..<size).map { counts[$0].load(ordering: .relaxed) } }
}

/// A thread of the test's own.
final class Caller: @unchecked Sendable {
  private let body: () -> Bool
  private var result = false
  private var thread = pthread_t()

  init(_ body: @escaping () -> Bool) {
    self.body = body
    let this = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { this in
        let caller = Unmanaged<Caller>.fromOpaque(this!).takeRetainedValue()
        caller.result = caller.body()
        return nil
      }, this)
  }

  func join() -> Bool {
    pthread_join(thread, nil)
    return result
  }
}
