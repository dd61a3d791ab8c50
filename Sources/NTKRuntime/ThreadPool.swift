import CVectorLoops

/// Parallel loops over our own threads.
///
/// A loop's result must not depend on which thread takes which index; cut work by the shape of the
/// data, never by `threadCount`, and results are the same bits for any number of threads.
public enum ThreadPool {
  /// Threads that a loop may use, the caller's included. At first `NTK_NUM_THREADS`, or the number
  /// of processors that this process may run on.
  public static var threadCount: Int { PoolState.shared.threadCount }

  /// Set the number of threads for loops that begin later; clamped to 1...1024.
  public static func setThreadCount(_ count: Int) { PoolState.shared.setThreadCount(count) }

  /// Call `body` with each of 0..<count, once, and return when all calls have.
  ///
  /// The caller works too. Inside a body a loop runs in its own thread, in order; so does a loop of
  /// a second caller while the pool is busy.
  public static func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard count > 0 else { return }
    if count > 1, !ntk_is_in_parallel_loop(), PoolState.shared.runInParallel(count, body) { return }
    for index in 0..<count { body(index) }
  }

  /// Call `body` with consecutive ranges that cover 0..<count, each of `grain` indices but the last.
  public static func forEachRange(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let grain = max(grain, 1)
    forEach((count - 1) / grain + 1) { piece in
      let start = piece * grain
      body(start..<(start + min(grain, count - start)))
    }
  }
}
