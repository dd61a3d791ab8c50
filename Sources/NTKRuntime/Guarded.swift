import Glibc

/// A value that one thread at a time may touch, for a moment; right after `fork` too.
///
/// All of them share one lock, which is taken around a fork: in the child no lock is held by a
/// thread that is not there, and no value is left half changed. (Synchronization's `Mutex` ends
/// the child's process in that case.) A body must not touch another guarded value.
public final class Guarded<Value>: @unchecked Sendable {
  private var value: Value

  public init(_ value: Value) { self.value = value }

  public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    ProcessLock.shared.lock()
    defer { ProcessLock.shared.unlock() }
    return body(&value)
  }
}

private final class ProcessLock: @unchecked Sendable {
  static let shared = ProcessLock()

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_atfork(
      { ProcessLock.shared.lock() }, { ProcessLock.shared.unlock() },
      { pthread_mutex_init(ProcessLock.shared.mutex, nil) })
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
}
