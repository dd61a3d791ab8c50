// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKExecution
import NTKHeader
import NTKProgram

extension Caller {
  static func runOptions(
    _ pointer: UnsafePointer<ntk_run_options>?
  ) throws(NTKError) -> RunOptions {
    var result = RunOptions()
    guard let pointer else { return result }
    let size = UnsafeRawPointer(pointer).load(as: Int.self)
    // The struct of the first version ends before `poll`.
    let first = MemoryLayout<ntk_run_options>.offset(of: \.poll) ?? 0
    try expectSize(size, first, "ntk_run_options")
    var options = ntk_run_options()
    withUnsafeMutableBytes(of: &options) { bytes in
      let count = min(bytes.count, UInt(bitPattern: size) > UInt(bytes.count) ? bytes.count : size)
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: count))
    }
    result.findsNaNs = options.debug_nans != 0
    if options.memory_limit > 0 { result.memoryLimit = Int(clamping: options.memory_limit) }
    if let progress = options.progress {
      let context = options.progress_context
      result.progress = { done, total in progress(context, done, total) == 0 }
    }
    if let poll = options.poll {
      let context = options.poll_context
      result.poll = { poll(context) == 0 }
    }
    if let pointer = options.cancellation {
      let cancellation: CancellationHandle = try object(pointer, "cancellation")
      result.isCancelled = { cancellation.isCancelled }
    }
    return result
  }

  /// A caller's struct may be a later, longer one; a shorter one is not a struct of ours.
  static func expectSize(_ size: Int, _ expected: Int, _ name: String) throws(NTKError) {
    guard UInt(bitPattern: size) >= UInt(expected) else {
      throw .argument("struct_size of \(name)", expected: "at least \(expected)", got: "\(size)")
    }
  }
}

/// Runs `body` over the arrays of a call, or over copies where those are needed.
func run(
  _ inputs: [CallerArray], _ outputs: [CallerArray], _ options: UnsafePointer<ntk_run_options>?,
  inputLabel: (Int) -> String,
  _ body: ([ArrayReference], [ArrayReference], RunOptions) throws(NTKError) -> Void
) throws(NTKError) {
  var options = try Caller.runOptions(options)
  try checkDisjoint(inputs, outputs, inputLabel: inputLabel)
  var temporaries = Temporaries()
  var inputReferences: [ArrayReference] = []
  var outputReferences: [ArrayReference] = []
  inputReferences.reserveCapacity(inputs.count)
  outputReferences.reserveCapacity(outputs.count)
  for array in inputs { inputReferences.append(try temporaries.input(array)) }
  for array in outputs { outputReferences.append(try temporaries.output(array)) }
  let (limit, copied) = (options.memoryLimit, temporaries.byteCount)
  if let limit {
    guard copied <= limit else { throw .outOfMemory(needed: copied, limit: limit) }
    options.memoryLimit = limit - copied
  }
  do throws(NTKError) {
    try body(inputReferences, outputReferences, options)
  } catch .outOfMemory(let needed, .some) {
    // Of the limit that the caller set.
    throw .outOfMemory(needed: max(needed, needed &+ copied), limit: limit)
  }
  temporaries.writeOutputs()
}

extension ProgramHandle {
  /// Runs the program over inputs, then what else it takes: tangents or cotangents.
  fileprivate func run(
    _ inputs: Buffers, _ directions: Buffers? = nil, inputCount: Int, to outputs: Buffers,
    _ options: UnsafePointer<ntk_run_options>?
  ) throws(NTKError) {
    var arrays = try inputs.arrays(inputTypes[..<inputCount], isOutput: false) {
      self.program.inputLabel($0)
    }
    if let directions {
      arrays += try directions.arrays(inputTypes[inputCount...], isOutput: false) {
        self.program.inputLabel(inputCount + $0)
      }
    }
    let results = try outputs.arrays(outputTypes[...], isOutput: true) { "output \($0)" }
    try NTKABI.run(arrays, results, options, inputLabel: program.inputLabel) {
      inputs, outputs, options throws(NTKError) in
      try executable().run(as: program, inputs: inputs, outputs: outputs, options: options)
    }
  }
}

@_cdecl("ntk_evaluate") @implementation
public func ntk_evaluate(
  _ program: OpaquePointer?, _ inputs: UnsafePointer<ntk_buffer>?, _ inputCount: Int,
  _ outputs: UnsafePointer<ntk_buffer>?, _ outputCount: Int,
  _ options: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    try handle.run(
      Buffers(inputs, inputCount, "inputs"), inputCount: handle.inputTypes.count,
      to: Buffers(outputs, outputCount, "outputs"), options)
  }
}

@_cdecl("ntk_jvp") @implementation
public func ntk_jvp(
  _ program: OpaquePointer?, _ active: UnsafePointer<Int>?, _ activeCount: Int,
  _ inputs: UnsafePointer<ntk_buffer>?, _ inputCount: Int, _ tangents: UnsafePointer<ntk_buffer>?,
  _ outputs: UnsafePointer<ntk_buffer>?, _ outputCount: Int,
  _ options: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let active = try Caller.active(active, activeCount, of: handle.program)
    try handle.derived(.jvp(active)).run(
      Buffers(inputs, inputCount, "inputs"), Buffers(tangents, activeCount, "tangents"),
      inputCount: handle.inputTypes.count, to: Buffers(outputs, outputCount, "outputs"), options)
  }
}

@_cdecl("ntk_vjp") @implementation
public func ntk_vjp(
  _ program: OpaquePointer?, _ active: UnsafePointer<Int>?, _ activeCount: Int,
  _ inputs: UnsafePointer<ntk_buffer>?, _ inputCount: Int,
  _ cotangents: UnsafePointer<ntk_buffer>?, _ cotangentCount: Int,
  _ outputs: UnsafePointer<ntk_buffer>?, _ outputCount: Int,
  _ options: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let active = try Caller.active(active, activeCount, of: handle.program)
    try handle.derived(.vjp(active)).run(
      Buffers(inputs, inputCount, "inputs"), Buffers(cotangents, cotangentCount, "cotangents"),
      inputCount: handle.inputTypes.count, to: Buffers(outputs, outputCount, "outputs"), options)
  }
}

@_cdecl("ntk_jacobian") @implementation
public func ntk_jacobian(
  _ program: OpaquePointer?, _ active: UnsafePointer<Int>?, _ activeCount: Int, _ mode: Int32,
  _ inputs: UnsafePointer<ntk_buffer>?, _ inputCount: Int, _ outputs: UnsafePointer<ntk_buffer>?,
  _ outputCount: Int, _ options: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let active = try Caller.active(active, activeCount, of: handle.program)
    let mode = try Caller.jacobianMode(mode)
    try handle.derived(.jacobian(active, mode)).run(
      Buffers(inputs, inputCount, "inputs"), inputCount: handle.inputTypes.count,
      to: Buffers(outputs, outputCount, "outputs"), options)
  }
}

@_cdecl("ntk_cancellation_create") @implementation
public func ntk_cancellation_create(_ out: UnsafeMutablePointer<OpaquePointer?>?) -> ntk_status {
  creating(out) { () throws(NTKError) in CancellationHandle() }
}

@_cdecl("ntk_cancellation_cancel") @implementation
public func ntk_cancellation_cancel(_ cancellation: OpaquePointer?) {
  guard let cancellation else { return }
  Unmanaged<CancellationHandle>.fromOpaque(UnsafeRawPointer(cancellation))
    ._withUnsafeGuaranteedRef { $0.cancel() }
}

@_cdecl("ntk_cancellation_free") @implementation
public func ntk_cancellation_free(_ cancellation: OpaquePointer?) {
  release(cancellation, as: CancellationHandle.self)
}
