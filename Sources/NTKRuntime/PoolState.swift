import CVectorLoops
import Glibc
import Synchronization

/// The pool's threads and the one loop that they run.
///
/// A loop is open from when its caller publishes it until that caller has found no more indices.
/// Threads join an open loop under the mutex and leave it by counting down `helpers`; the caller
/// returns when the loop is closed and nobody is in it. So a thread that wakes late finds the loop
/// closed, and never touches a body that is gone.
final class PoolState: @unchecked Sendable {
  static let shared = PoolState()

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let published = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private let requestedThreads: Atomic<Int>
  private let isBusy = Atomic<Bool>(false)
  /// Counts loops; written under the mutex, read by threads that spin.
  private let generation = Atomic<Int>(0)
  private let nextIndex = Atomic<Int>(0)
  private let helpers = Atomic<Int>(0)

  // Under the mutex.
  private var threads = 0
  private var sleepers = 0
  private var seatsLeft = 0
  private var callerSleeps = false
  private var body: ((Int) -> Void)?
  private var count = 0

  /// About 50 µs on current processors: longer than the gap between two operations of one program,
  /// shorter than what a wait costs others.
  private static let spins = 2000
  private static let mostThreads = 1024

  private init() {
    requestedThreads = Atomic(Self.defaultThreadCount())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(published, nil)
    pthread_cond_init(finished, nil)
    // A child has only the thread that forked. With the mutex held across the fork, what it guards
    // is whole in the child, which then starts from nothing.
    pthread_atfork(
      { pthread_mutex_lock(PoolState.shared.mutex) },
      { pthread_mutex_unlock(PoolState.shared.mutex) },
      { PoolState.shared.resetInChild() })
  }

  var threadCount: Int { requestedThreads.load(ordering: .relaxed) }

  func setThreadCount(_ count: Int) {
    requestedThreads.store(min(max(count, 1), Self.mostThreads), ordering: .relaxed)
  }

  private static func defaultThreadCount() -> Int {
    if let text = getenv("NTK_NUM_THREADS") {
      let number = strtol(text, nil, 10)
      if number >= 1 { return min(number, mostThreads) }
    }
    return min(Int(ntk_available_processors()), mostThreads)
  }

  // MARK: - The caller

  /// Run a loop with the pool's help; false, with nothing done, if the pool cannot help.
  func runInParallel(_ count: Int, _ body: (Int) -> Void) -> Bool {
    let wanted = min(threadCount, count) - 1
    guard wanted > 0 else { return false }
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    defer { isBusy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      publish(count, body, seats: wanted)
      ntk_set_in_parallel_loop(true)
      takeIndices(count, body)
      ntk_set_in_parallel_loop(false)
      closeAndWait()
    }
    return true
  }

  private func publish(_ count: Int, _ body: @escaping (Int) -> Void, seats: Int) {
    pthread_mutex_lock(mutex)
    self.count = count
    self.body = body
    seatsLeft = seats
    nextIndex.store(0, ordering: .relaxed)
    generation.wrappingAdd(1, ordering: .releasing)
    while threads < seats, startThread() { threads += 1 }
    let waiting = sleepers
    pthread_mutex_unlock(mutex)
    if waiting > seats {
      for _ in 0..<seats { pthread_cond_signal(published) }
    } else if waiting > 0 {
      pthread_cond_broadcast(published)
    }
  }

  private func closeAndWait() {
    pthread_mutex_lock(mutex)
    seatsLeft = 0
    body = nil
    pthread_mutex_unlock(mutex)
    for _ in 0..<Self.spins {
      if helpers.load(ordering: .acquiring) == 0 { return }
      ntk_spin_hint()
    }
    pthread_mutex_lock(mutex)
    callerSleeps = true
    while helpers.load(ordering: .acquiring) > 0 { pthread_cond_wait(finished, mutex) }
    callerSleeps = false
    pthread_mutex_unlock(mutex)
  }

  private func takeIndices(_ count: Int, _ body: (Int) -> Void) {
    while true {
      let index = nextIndex.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
    }
  }

  // MARK: - The threads

  /// Signals are for the program's own threads.
  private func startThread() -> Bool {
    var everything = sigset_t()
    var before = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_SETMASK, &everything, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    return pthread_create(
      &thread, &attributes,
      { _ in
        ntk_set_in_parallel_loop(true)
        PoolState.shared.help()
      }, nil) == 0
  }

  private func help() -> Never {
    var seen = 0
    while true {
      for _ in 0..<Self.spins where generation.load(ordering: .acquiring) == seen {
        ntk_spin_hint()
      }
      if joinLoop(after: &seen) { leaveLoop() }
    }
  }

  /// Wait for a loop that this thread has not seen, and work on it if there is a seat.
  ///
  /// Never inlined: when it returns, this thread has let go of the body.
  @inline(never)
  private func joinLoop(after seen: inout Int) -> Bool {
    pthread_mutex_lock(mutex)
    while generation.load(ordering: .relaxed) == seen {
      sleepers += 1
      pthread_cond_wait(published, mutex)
      sleepers -= 1
    }
    seen = generation.load(ordering: .relaxed)
    guard seatsLeft > 0, let body else {
      pthread_mutex_unlock(mutex)
      return false
    }
    seatsLeft -= 1
    helpers.wrappingAdd(1, ordering: .relaxed)
    let count = self.count
    pthread_mutex_unlock(mutex)
    takeIndices(count, body)
    return true
  }

  private func leaveLoop() {
    guard helpers.wrappingSubtract(1, ordering: .releasing).newValue == 0 else { return }
    pthread_mutex_lock(mutex)
    if callerSleeps { pthread_cond_signal(finished) }
    pthread_mutex_unlock(mutex)
  }

  // MARK: - Fork

  /// In the child of a fork: no threads, no loop. A loop that the forking thread is in goes on with
  /// that thread alone.
  private func resetInChild() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(published, nil)
    pthread_cond_init(finished, nil)
    threads = 0
    sleepers = 0
    seatsLeft = 0
    callerSleeps = false
    body = nil
    helpers.store(0, ordering: .relaxed)
    isBusy.store(false, ordering: .relaxed)
  }
}
