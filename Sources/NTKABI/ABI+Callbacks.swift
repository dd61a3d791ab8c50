// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKHeader
import NTKOperations
import NTKProgram

/// A context that the caller answers for.
private struct CallerContext: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer?
}

private typealias Pointer =
  @convention(c) (
    UnsafeMutableRawPointer?, UnsafePointer<ntk_buffer>?, Int, UnsafePointer<ntk_buffer>?, Int
  ) -> Int32

/// A caller's function as one of arrays.
private func wrapped(
  _ function: @escaping Pointer, _ context: CallerContext
) -> CallbackFunctions.Function {
  { inputs, outputs in
    // Sizes of all arrays, one after the other.
    var sizes: [Int64] = []
    for array in inputs + outputs { sizes += array.sizes.map { Int64($0) } }
    return sizes.withUnsafeBufferPointer { sizes in
      var start = 0
      var buffers: [ntk_buffer] = []
      for (index, array) in (inputs + outputs).enumerated() {
        buffers.append(
          ntk_buffer(
            data: array.data, element_type: array.elementType.rawValue,
            flags: index < inputs.count ? 1 : 0, rank: Int64(array.sizes.count),
            sizes: sizes.baseAddress.map { $0 + start }, strides: nil))
        start += array.sizes.count
      }
      return buffers.withUnsafeBufferPointer { buffers in
        function(
          context.pointer, buffers.baseAddress, inputs.count,
          buffers.baseAddress.map { $0 + inputs.count }, outputs.count) == 0
      }
    }
  }
}

@_cdecl("ntk_callback_register") @implementation
public func ntk_callback_register(
  _ name: UnsafePointer<CChar>?, _ functions: UnsafePointer<ntk_callback_functions>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let name = try Caller.text(name, "name")
    guard let functions else {
      throw .argument("functions", expected: "a struct", got: "NULL")
    }
    let size = UnsafeRawPointer(functions).load(as: Int.self)
    try Caller.expectSize(
      size, MemoryLayout<ntk_callback_functions>.size, "ntk_callback_functions")
    let given = functions.pointee
    guard let value = given.value else {
      throw .argument("value", expected: "a function", got: "NULL")
    }
    let context = CallerContext(pointer: given.context)
    try CallbackRegistry.register(
      name,
      CallbackFunctions(
        value: wrapped(value, context), jvp: given.jvp.map { wrapped($0, context) },
        vjp: given.vjp.map { wrapped($0, context) }))
  }
}

@_cdecl("ntk_callback_unregister") @implementation
public func ntk_callback_unregister(_ name: UnsafePointer<CChar>?) -> ntk_status {
  guarded { () throws(NTKError) in
    CallbackRegistry.unregister(try Caller.text(name, "name"))
  }
}

@_cdecl("ntk_callback_is_held") @implementation
public func ntk_callback_is_held(
  _ name: UnsafePointer<CChar>?, _ held: UnsafeMutablePointer<Int32>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let held = try Caller.place(held, "held")
    held.pointee = CallbackRegistry.isHeld(try Caller.text(name, "name")) ? 1 : 0
  }
}
