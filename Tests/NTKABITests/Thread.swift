import Glibc

/// A thread that is joined.
struct Thread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  private let body: Body

  init(_ run: @escaping () -> Void) { body = Body(run) }

  func runToItsEnd() { start()() }

  /// Starts it; what is returned waits for it.
  func start() -> () -> Void {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { address in
        guard let address else { return nil }
        Unmanaged<Body>.fromOpaque(address).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(body).toOpaque())
    return { pthread_join(thread, nil) }
  }
}
