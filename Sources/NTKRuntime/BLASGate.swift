import COpenBLAS
import Glibc

/// Holds OpenBLAS at one thread while any of our products runs.
///
/// Its thread count belongs to the whole process: the first product to enter sets it to 1 and the
/// last to leave restores what it found.
final class BLASGate: @unchecked Sendable {
  static let shared = BLASGate()

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let serialMutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var running = 0
  /// The count to restore, or 0 while OpenBLAS is not held.
  private var found: Int32 = 0

  /// The serial variant of OpenBLAS is not safe for two callers.
  private let isSerial = openblas_get_parallel() == 0
  /// The OpenMP variant keeps a count for each thread.
  private let isOpenMP = openblas_get_parallel() == 2

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_mutex_init(serialMutex, nil)
    pthread_atfork(
      {
        pthread_mutex_lock(BLASGate.shared.serialMutex)
        pthread_mutex_lock(BLASGate.shared.mutex)
      },
      {
        pthread_mutex_unlock(BLASGate.shared.mutex)
        pthread_mutex_unlock(BLASGate.shared.serialMutex)
      },
      { BLASGate.shared.resetInChild() })
  }

  /// Products of other threads do not exist in the child. What they found stays to be restored.
  private func resetInChild() {
    pthread_mutex_init(mutex, nil)
    pthread_mutex_init(serialMutex, nil)
    running = 0
  }

  func enter() {
    pthread_mutex_lock(mutex)
    running += 1
    if running == 1 {
      if found == 0 { found = openblas_get_num_threads() }
      if found > 1 { openblas_set_num_threads(1) }
    }
    pthread_mutex_unlock(mutex)
  }

  func leave() {
    pthread_mutex_lock(mutex)
    running = max(running - 1, 0)
    if running == 0 {
      if found > 1 { openblas_set_num_threads(found) }
      found = 0
    }
    pthread_mutex_unlock(mutex)
  }

  /// Around each call of BLAS, in the thread that makes it.
  @inline(__always)
  func call(_ body: () -> Void) {
    if isSerial {
      pthread_mutex_lock(serialMutex)
      body()
      pthread_mutex_unlock(serialMutex)
    } else {
      if isOpenMP { openblas_set_num_threads(1) }
      body()
    }
  }
}
