// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKExecution
import NTKHeader
import NTKOperations
import NTKProgram

@_cdecl("ntk_program_parse") @implementation
public func ntk_program_parse(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ text: UnsafePointer<CChar>?, _ length: Int
) -> ntk_status {
  creating(out) { () throws(NTKError) in
    let bytes = try Caller.bytes(text, length, "text")
    return ProgramHandle(try Program.parse(bytes, catalog: standardCatalog))
  }
}

@_cdecl("ntk_program_text") @implementation
public func ntk_program_text(
  _ program: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ needed: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    try TextQuery(text, capacity, needed).write(handle.program.text)
  }
}

@_cdecl("ntk_program_free") @implementation
public func ntk_program_free(_ program: OpaquePointer?) { release(program, as: ProgramHandle.self) }

@_cdecl("ntk_program_hash") @implementation
public func ntk_program_hash(
  _ program: OpaquePointer?, _ hash: UnsafeMutablePointer<UInt64>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let hash = try Caller.place(hash, "hash")
    (hash[0], hash[1]) = handle.program.structuralHash.words
  }
}

@_cdecl("ntk_program_equal") @implementation
public func ntk_program_equal(
  _ a: OpaquePointer?, _ b: OpaquePointer?, _ equal: UnsafeMutablePointer<Int32>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let first: ProgramHandle = try object(a, "a")
    let second: ProgramHandle = try object(b, "b")
    try Caller.place(equal, "equal").pointee = first.program == second.program ? 1 : 0
  }
}

@_cdecl("ntk_program_counts") @implementation
public func ntk_program_counts(
  _ program: OpaquePointer?, _ inputs: UnsafeMutablePointer<Int>?,
  _ captured: UnsafeMutablePointer<Int>?, _ outputs: UnsafeMutablePointer<Int>?,
  _ equations: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let program = handle.program
    inputs?.pointee = program.inputCount - program.capturedCount
    captured?.pointee = program.capturedCount
    outputs?.pointee = program.outputs.count
    equations?.pointee = program.equationCount
  }
}

@_cdecl("ntk_program_input_type") @implementation
public func ntk_program_input_type(
  _ program: OpaquePointer?, _ index: Int, _ elementType: UnsafeMutablePointer<Int32>?,
  _ rank: UnsafeMutablePointer<Int>?, _ sizes: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let query = try TypeQuery(elementType, rank, sizes, capacity)
    try query.write(index, of: handle.inputTypes, "input")
  }
}

@_cdecl("ntk_program_output_type") @implementation
public func ntk_program_output_type(
  _ program: OpaquePointer?, _ index: Int, _ elementType: UnsafeMutablePointer<Int32>?,
  _ rank: UnsafeMutablePointer<Int>?, _ sizes: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let query = try TypeQuery(elementType, rank, sizes, capacity)
    try query.write(index, of: handle.outputTypes, "output")
  }
}

@_cdecl("ntk_program_peak_memory") @implementation
public func ntk_program_peak_memory(
  _ program: OpaquePointer?, _ bytes: UnsafeMutablePointer<UInt64>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let bytes = try Caller.place(bytes, "bytes")
    let executable = try CompileCache.executable(for: handle.program)
    bytes.pointee = UInt64(clamping: executable.peakByteCount)
  }
}
