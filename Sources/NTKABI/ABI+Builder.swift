// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKHeader
import NTKOperations
import NTKProgram

// Methods of the builder itself and not of its handle, for a handle's would copy it to read it.
extension ProgramBuilder {
  /// So deep may programs nest: text can nest 32 deep, and lists in it some more.
  private static let deepestNesting = 24

  fileprivate func checkedType(of value: Value) throws(NTKError) -> ValueType {
    try check(value)
    return type(of: value)
  }

  /// Adds an operation or a function by name.
  fileprivate mutating func apply(
    _ name: String, _ operands: [Value], _ parameters: UnsafeRawBufferPointer, bodies: [Program],
    to results: ResultQuery
  ) throws(NTKError) {
    for body in bodies {
      guard body.capturedCount == 0 else { throw .capturedInputsInBody }
      guard body.nests(atMost: Self.deepestNesting - 1) else {
        throw .unsupported("programs nested more than \(Self.deepestNesting) deep")
      }
    }
    let values = try parseParameters(parameters, bodies: bodies, catalog: standardCatalog)
    if results.isQuestion {
      var copy = self
      try results.expect(try applyNamed(name, operands, values, in: &copy).count)
      return
    }
    let added = try applyNamed(name, operands, values, in: &self)
    try results.expect(added.count)
    results.write(added)
  }

  /// Adds the equations of a program.
  fileprivate mutating func call(
    _ program: Program, _ operands: [Value], to results: ResultQuery
  ) throws(NTKError) {
    try results.expect(program.outputs.count)
    if results.isQuestion { return }
    results.write(try call(program, operands))
  }
}

extension Program {
  /// Whether programs in it nest no deeper than so many, itself counted.
  func nests(atMost depth: Int) -> Bool {
    guard depth > 0 else { return false }
    return equations.allSatisfy { equation in
      guard let primitive = equation.primitive as? any HigherOrder else { return true }
      return primitive.bodies.allSatisfy { $0.nests(atMost: depth - 1) }
    }
  }
}

extension Caller {
  static func values(
    _ values: UnsafePointer<Int32>?, _ count: Int, _ name: String
  ) throws(NTKError) -> [Value] {
    try list(values, count, name).map { Value(Int($0)) }
  }

  static func programs(
    _ programs: UnsafePointer<OpaquePointer?>?, _ count: Int, _ name: String
  ) throws(NTKError) -> [Program] {
    if count == 0 { return [] }
    var result: [Program] = []
    for pointer in try list(programs, count, name) {
      let handle: ProgramHandle = try object(pointer, name)
      result.append(handle.program)
    }
    return result
  }
}

@_cdecl("ntk_builder_create") @implementation
public func ntk_builder_create(_ out: UnsafeMutablePointer<OpaquePointer?>?) -> ntk_status {
  creating(out) { () throws(NTKError) in BuilderHandle() }
}

@_cdecl("ntk_builder_free") @implementation
public func ntk_builder_free(_ builder: OpaquePointer?) { release(builder, as: BuilderHandle.self) }

@_cdecl("ntk_builder_input") @implementation
public func ntk_builder_input(
  _ builder: OpaquePointer?, _ elementType: Int32, _ rank: Int, _ sizes: UnsafePointer<Int64>?,
  _ name: UnsafePointer<CChar>?, _ value: UnsafeMutablePointer<ntk_value>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    let value = try Caller.place(value, "value")
    let type = ValueType(
      try Caller.elementType(elementType, { "the input" }),
      try Caller.shape(sizes, rank: rank, "sizes"))
    let name = name == nil ? "" : try Caller.text(name, "name")
    value.pointee = handle.builder.input(type, name: name).id
  }
}

@_cdecl("ntk_builder_constant") @implementation
public func ntk_builder_constant(
  _ builder: OpaquePointer?, _ data: UnsafePointer<ntk_buffer>?,
  _ value: UnsafeMutablePointer<ntk_value>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    let value = try Caller.place(value, "value")
    guard let data else { throw .argument("data", expected: "an array", got: "NULL") }
    value.pointee = try handle.builder.one(
      Constant(try CallerArray.constant(data.pointee))
    ).id
  }
}

@_cdecl("ntk_builder_apply") @implementation
public func ntk_builder_apply(
  _ builder: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ operands: UnsafePointer<ntk_value>?,
  _ operandCount: Int, _ parameters: UnsafePointer<CChar>?, _ parameterLength: Int,
  _ bodies: UnsafePointer<OpaquePointer?>?, _ bodyCount: Int,
  _ results: UnsafeMutablePointer<ntk_value>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    try handle.builder.apply(
      try Caller.text(name, "name"), try Caller.values(operands, operandCount, "operands"),
      try Caller.bytes(parameters, parameterLength, "parameters"),
      bodies: try Caller.programs(bodies, bodyCount, "bodies"),
      to: try ResultQuery(results, capacity, count))
  }
}

@_cdecl("ntk_builder_call") @implementation
public func ntk_builder_call(
  _ builder: OpaquePointer?, _ program: OpaquePointer?, _ operands: UnsafePointer<ntk_value>?,
  _ operandCount: Int, _ results: UnsafeMutablePointer<ntk_value>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    let called: ProgramHandle = try object(program, "program")
    try handle.builder.call(
      called.program, try Caller.values(operands, operandCount, "operands"),
      to: try ResultQuery(results, capacity, count))
  }
}

@_cdecl("ntk_builder_type") @implementation
public func ntk_builder_type(
  _ builder: OpaquePointer?, _ value: ntk_value, _ elementType: UnsafeMutablePointer<Int32>?,
  _ rank: UnsafeMutablePointer<Int>?, _ sizes: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    let query = try TypeQuery(elementType, rank, sizes, capacity)
    try query.write(try handle.builder.checkedType(of: Value(Int(value))))
  }
}

@_cdecl("ntk_builder_location") @implementation
public func ntk_builder_location(
  _ builder: OpaquePointer?, _ file: UnsafePointer<CChar>?, _ line: UInt32
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    handle.builder.source =
      file == nil ? nil : SourceLine(file: try Caller.text(file, "file"), line: Int(line))
  }
}

@_cdecl("ntk_builder_finish") @implementation
public func ntk_builder_finish(
  _ builder: OpaquePointer?, _ inputs: UnsafePointer<ntk_value>?, _ inputCount: Int,
  _ captured: UnsafePointer<ntk_value>?, _ capturedCount: Int,
  _ outputs: UnsafePointer<ntk_value>?, _ outputCount: Int,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> ntk_status {
  creating(out) { () throws(NTKError) in
    let handle: BuilderHandle = try object(builder, "builder")
    return ProgramHandle(
      try handle.builder.finish(
        inputs: try Caller.values(inputs, inputCount, "inputs"),
        captured: try Caller.values(captured, capturedCount, "captured"),
        outputs: try Caller.values(outputs, outputCount, "outputs")))
  }
}
