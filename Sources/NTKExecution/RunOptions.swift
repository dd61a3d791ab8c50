import NTKProgram

/// How a long call may be watched, limited and stopped.
public struct RunOptions {
  /// Bytes beside inputs and outputs; nil: no limit.
  public var memoryLimit: Int?
  /// Called on the calling thread, a few times a second at most and at the end; false: stop.
  public var progress: ((_ done: UInt64, _ total: UInt64) -> Bool)?
  /// Asked on the calling thread, a few times a second at most; false: stop.
  public var poll: (() -> Bool)?
  /// Asked between blocks, from any thread of the pool.
  public var isCancelled: (@Sendable () -> Bool)?
  /// Runs one operation at a time and throws where one makes a NaN.
  public var findsNaNs = false

  public init() {}

  /// - Throws: `.outOfMemory` if a run would take more than the limit.
  public func checkLimit(_ byteCount: Int) throws(NTKError) {
    if let memoryLimit, byteCount > memoryLimit {
      throw .outOfMemory(needed: byteCount, limit: memoryLimit)
    }
  }

  /// - Throws: `.cancelled`.
  public func checkCancelled() throws(NTKError) {
    if let isCancelled, isCancelled() { throw .cancelled }
  }
}

/// Watches one call: asks whether it is cancelled, and calls the progress callback a few times a
/// second. Used on the calling thread only.
final class ProgressMeter {
  let options: RunOptions
  private let total: UInt64
  private var done: UInt64 = 0
  private var last = ContinuousClock.now

  init(_ options: RunOptions, total: Int) {
    self.options = options
    self.total = UInt64(total)
  }

  /// Steps are done.
  /// - Throws: `.cancelled`, `.stoppedByCallback`.
  func report(_ steps: Int) throws(NTKError) {
    done = UInt64(steps)
    try poll()
  }

  /// Looks whether to go on; called from inside long steps too.
  /// - Throws: `.cancelled`, `.stoppedByCallback`.
  func poll() throws(NTKError) {
    try options.checkCancelled()
    guard options.progress != nil || options.poll != nil else { return }
    let now = ContinuousClock.now
    let isDue = last.duration(to: now) >= .milliseconds(40)
    if isDue { last = now }
    if isDue, let poll = options.poll, !poll() { throw .stoppedByCallback }
    if isDue || done == total, let progress = options.progress, !progress(done, total) {
      throw .stoppedByCallback
    }
  }
}
