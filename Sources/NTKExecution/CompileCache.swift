import NTKProgram
import NTKRuntime

/// Compiled programs by structure: a program traced again is not compiled again. Bounded; the
/// least recently used goes first.
public enum CompileCache {
  private struct Entry {
    let executable: Executable
    var used: UInt64
  }

  private struct State {
    var entries: [Program: Entry] = [:]
    var clock: UInt64 = 0
  }

  private static let state = Guarded(State())
  static let capacity = 256

  /// The compiled program.
  public static func executable(for program: Program) throws(NTKError) -> Executable {
    let found = state.withLock { state -> Executable? in
      state.clock += 1
      state.entries[program]?.used = state.clock
      return state.entries[program]?.executable
    }
    if let found { return found }
    // Compiled outside the lock: two threads may both do so, and one result is dropped.
    let executable = try Executable(program)
    state.withLock { state in
      if state.entries.count >= capacity,
        let oldest = state.entries.min(by: { $0.value.used < $1.value.used })?.key
      {
        state.entries[oldest] = nil
      }
      state.entries[program] = Entry(executable: executable, used: state.clock)
    }
    return executable
  }

  /// Runs a program, compiled once.
  public static func run(
    _ program: Program, inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions
  ) throws(NTKError) {
    try executable(for: program).run(
      as: program, inputs: inputs, outputs: outputs, options: options)
  }

  /// Forgets everything.
  public static func clear() { state.withLock { $0.entries = [:] } }
}

extension Executable {
  /// Runs an equal program, so that errors name that one's source lines.
  public func run(
    as program: Program, inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions
  ) throws(NTKError) {
    do throws(NTKError) {
      try run(inputs: inputs, outputs: outputs, options: options)
    } catch {
      guard error.source != nil, self.program !== program else { throw error }
      try Executable(program).run(inputs: inputs, outputs: outputs, options: options)
    }
  }
}
