import NTKProgram
import NTKRuntime

/// A caller's functions for one callback. Each is given inputs and outputs, row-major, and says
/// whether it went well.
public final class CallbackFunctions: Sendable {
  public typealias Function =
    @Sendable (_ inputs: [ArrayReference], _ outputs: [ArrayReference]) -> Bool

  /// operands -> results
  public let value: Function
  /// (operands, tangents of floating operands) -> tangents of floating results
  public let jvp: Function?
  /// (operands, cotangents of floating results) -> cotangents of floating operands
  public let vjp: Function?

  public init(value: @escaping Function, jvp: Function? = nil, vjp: Function? = nil) {
    self.value = value
    self.jvp = jvp
    self.vjp = vjp
  }
}

/// The callbacks of this process by name. A program made while a name is registered holds on to its
/// functions.
public enum CallbackRegistry {
  private struct Held {
    weak var functions: CallbackFunctions?
  }

  private struct State {
    var registered: [String: CallbackFunctions] = [:]
    /// Also those that only programs hold.
    var held: [String: Held] = [:]
    /// Entries of `held` after which those that nothing holds are dropped.
    var most = 64
  }

  private static let state = Guarded(State())

  /// - Throws: `.argument` if the name is taken.
  public static func register(
    _ name: String, _ functions: CallbackFunctions
  ) throws(NTKError) {
    let isNew = state.withLock { state in
      guard state.registered[name] == nil else { return false }
      state.registered[name] = functions
      if state.held.count >= state.most {
        state.held = state.held.filter { $0.value.functions != nil }
        state.most = 2 * state.held.count + 64
      }
      state.held[name] = Held(functions: functions)
      return true
    }
    guard isNew else {
      throw .argument("name", expected: "a name that is not registered", got: "'\(name)'")
    }
  }

  public static func unregister(_ name: String) {
    // Let go of outside the lock.
    _ = state.withLock { $0.registered.removeValue(forKey: name) }
  }

  static func functions(named name: String) -> CallbackFunctions? {
    state.withLock { $0.registered[name] }
  }

  /// Whether a name is registered, or a program holds functions that were registered under it.
  public static func isHeld(_ name: String) -> Bool {
    state.withLock { $0.registered[name] != nil || $0.held[name]?.functions != nil }
  }
}
