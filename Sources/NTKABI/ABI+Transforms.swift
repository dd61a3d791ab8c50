// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKHeader
import NTKProgram

/// Makes the program of a transform for `out`.
@inline(__always)
private func transforming(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?,
  _ transform: (Program) throws(NTKError) -> Program
) -> ntk_status {
  creating(out) { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    return ProgramHandle(try verified(try transform(handle.program)))
  }
}

/// The program itself; in debug builds only after the verifier has seen it.
private func verified(_ program: Program) throws(NTKError) -> Program {
  #if DEBUG
    try program.verify()
  #endif
  return program
}

extension Caller {
  /// The inputs to differentiate by; whether they are increasing and floating is asked later.
  static func active(
    _ active: UnsafePointer<Int>?, _ count: Int, of program: Program
  ) throws(NTKError) -> [Int] {
    try indices(active, count, "active", most: program.inputCount)
  }

  static func jacobianMode(_ mode: Int32) throws(NTKError) -> JacobianMode {
    guard let mode = JacobianMode(rawValue: mode) else {
      throw .argument("mode", expected: "an ntk_jacobian_mode", got: "\(mode)")
    }
    return mode
  }

  /// Mapped axes; NTK_NOT_MAPPED is nil.
  static func axes(
    _ axes: UnsafePointer<Int64>?, _ count: Int, _ name: String
  ) throws(NTKError) -> [Int?] {
    try list(axes, count, name).map { $0 == Int64.min ? nil : Int($0) }
  }
}

@_cdecl("ntk_program_jvp") @implementation
public func ntk_program_jvp(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?,
  _ active: UnsafePointer<Int>?, _ activeCount: Int
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in
    try program.forwardMode(active: try Caller.active(active, activeCount, of: program))
  }
}

@_cdecl("ntk_program_linearize") @implementation
public func ntk_program_linearize(
  _ known: UnsafeMutablePointer<OpaquePointer?>?, _ linear: UnsafeMutablePointer<OpaquePointer?>?,
  _ program: OpaquePointer?, _ active: UnsafePointer<Int>?, _ activeCount: Int
) -> ntk_status {
  creatingTwo(known, linear) { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let active = try Caller.active(active, activeCount, of: handle.program)
    let parts = try handle.program.linearized(active: active)
    return (try verified(parts.known), try verified(parts.linear))
  }
}

@_cdecl("ntk_program_transpose") @implementation
public func ntk_program_transpose(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?,
  _ active: UnsafePointer<Int>?, _ activeCount: Int
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in
    try program.transposed(active: try Caller.active(active, activeCount, of: program))
  }
}

@_cdecl("ntk_program_vjp") @implementation
public func ntk_program_vjp(
  _ forward: UnsafeMutablePointer<OpaquePointer?>?,
  _ backward: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?,
  _ active: UnsafePointer<Int>?, _ activeCount: Int
) -> ntk_status {
  creatingTwo(forward, backward) { () throws(NTKError) in
    let handle: ProgramHandle = try object(program, "program")
    let active = try Caller.active(active, activeCount, of: handle.program)
    let parts = try handle.program.vjp(active: active)
    return (try verified(parts.forward), try verified(parts.backward))
  }
}

@_cdecl("ntk_program_jacobian") @implementation
public func ntk_program_jacobian(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?,
  _ active: UnsafePointer<Int>?, _ activeCount: Int, _ mode: Int32
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in
    let mode = try Caller.jacobianMode(mode)
    let active = try Caller.active(active, activeCount, of: program)
    return try program.checkedJacobian(active: active, mode: mode)
  }
}

@_cdecl("ntk_program_vmap") @implementation
public func ntk_program_vmap(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?, _ axisSize: Int64,
  _ inAxes: UnsafePointer<Int64>?, _ outAxes: UnsafePointer<Int64>?
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in
    let inAxes = try Caller.axes(inAxes, program.inputCount, "in_axes")
    let outAxes = try Caller.axes(outAxes, program.outputs.count, "out_axes")
    return try program.vmapped(size: Int(axisSize), axes: inAxes, outAxes: outAxes)
  }
}

@_cdecl("ntk_program_simplify") @implementation
public func ntk_program_simplify(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in try program.simplified() }
}

@_cdecl("ntk_program_resize") @implementation
public func ntk_program_resize(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ program: OpaquePointer?, _ input: Int,
  _ axis: Int64, _ size: Int64
) -> ntk_status {
  transforming(out, program) { program throws(NTKError) in
    // An index above Int.max arrives as a negative one, and is refused as such.
    try program.resized(input: input, axis: Int(axis), size: Int(size))
  }
}
