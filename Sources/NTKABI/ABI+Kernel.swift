// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKHeader
import NTKKernel
import NTKProgram

extension Caller {
  static func kernelOptions(
    _ pointer: UnsafePointer<ntk_kernel_options>?, of program: Program
  ) throws(NTKError) -> KernelOptions {
    // The defaults of NTK_KERNEL_OPTIONS_INIT.
    var result = KernelOptions()
    result.parameters = []
    result.traceAxes = []
    result.diagonalAxes = []
    result.batchAxes = nil
    result.outputBatchAxes = nil
    result.implementation = .automatic
    result.normalizes = true
    guard let pointer else { return result }
    let size = UnsafeRawPointer(pointer).load(as: Int.self)
    try expectSize(size, MemoryLayout<ntk_kernel_options>.size, "ntk_kernel_options")
    let options = pointer.pointee
    guard let implementation = KernelImplementation(rawValue: options.implementation) else {
      throw .argument(
        "implementation", expected: "an ntk_implementation", got: "\(options.implementation)")
    }
    result.parameters = try indices(
      options.parameters, options.parameter_count, "parameters", most: program.inputCount)
    result.traceAxes = try list(
      options.trace_axes, options.trace_axis_count, "trace_axes", most: Shape.maximumRank
    ).map { Int($0) }
    result.diagonalAxes = try list(
      options.diagonal_axes, options.diagonal_axis_count, "diagonal_axes", most: Shape.maximumRank
    ).map { Int($0) }
    if let axes = options.batch_axes {
      result.batchAxes = try self.axes(axes, program.inputCount, "batch_axes")
    }
    if let axes = options.output_batch_axes {
      result.outputBatchAxes = try list(
        axes, program.outputs.count, "output_batch_axes", most: program.outputs.count
      ).map { Int($0) }
    }
    result.implementation = implementation
    result.normalizes = options.normalize != 0
    return result
  }

  /// A planned kernel.
  static func kernel(
    _ first: OpaquePointer?, _ second: OpaquePointer?,
    _ options: UnsafePointer<ntk_kernel_options>?
  ) throws(NTKError) -> KernelHandle {
    let one: ProgramHandle = try object(first, "first")
    let two: ProgramHandle? = second == nil ? nil : try object(second, "second")
    let options = try kernelOptions(options, of: one.program)
    return try KernelHandle(first: one.program, second: two?.program, options: options)
  }
}

extension KernelHandle {
  fileprivate func compute(
    _ inputs: Buffers, to outputs: Buffers, _ options: UnsafePointer<ntk_run_options>?
  ) throws(NTKError) {
    let arrays = try inputs.arrays(inputTypes[...], isOutput: false) { self.inputLabels[$0] }
    let results = try outputs.arrays(resultTypes[...], isOutput: true) { "output \($0)" }
    func label(_ input: Int) -> String { inputLabels[input] }
    try run(arrays, results, options, inputLabel: label) {
      inputs, outputs, options throws(NTKError) in
      try kernel.compute(inputs: inputs, outputs: outputs, options: options)
    }
  }
}

@_cdecl("ntk_tangent_kernel_create") @implementation
public func ntk_tangent_kernel_create(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ first: OpaquePointer?, _ second: OpaquePointer?,
  _ options: UnsafePointer<ntk_kernel_options>?
) -> ntk_status {
  creating(out) { () throws(NTKError) in try Caller.kernel(first, second, options) }
}

@_cdecl("ntk_tangent_kernel_free") @implementation
public func ntk_tangent_kernel_free(_ kernel: OpaquePointer?) {
  release(kernel, as: KernelHandle.self)
}

@_cdecl("ntk_tangent_kernel_count") @implementation
public func ntk_tangent_kernel_count(
  _ kernel: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    try Caller.place(count, "count").pointee = handle.resultTypes.count
  }
}

@_cdecl("ntk_tangent_kernel_type") @implementation
public func ntk_tangent_kernel_type(
  _ kernel: OpaquePointer?, _ index: Int, _ elementType: UnsafeMutablePointer<Int32>?,
  _ rank: UnsafeMutablePointer<Int>?, _ sizes: UnsafeMutablePointer<Int64>?, _ capacity: Int
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    let query = try TypeQuery(elementType, rank, sizes, capacity)
    try query.write(index, of: handle.resultTypes, "result")
  }
}

@_cdecl("ntk_tangent_kernel_program") @implementation
public func ntk_tangent_kernel_program(
  _ kernel: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> ntk_status {
  creating(out) { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    return ProgramHandle(try handle.kernel.program())
  }
}

@_cdecl("ntk_tangent_kernel_explain") @implementation
public func ntk_tangent_kernel_explain(
  _ kernel: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ needed: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    try TextQuery(text, capacity, needed).write(handle.kernel.explanation())
  }
}

@_cdecl("ntk_tangent_kernel_samples") @implementation
public func ntk_tangent_kernel_samples(
  _ kernel: OpaquePointer?, _ counts: UnsafeMutablePointer<Int64>?,
  _ inputAxes: UnsafeMutablePointer<Int64>?, _ inputCount: Int,
  _ resultAxes: UnsafeMutablePointer<Int64>?, _ resultCount: Int,
  _ isDiagonal: UnsafeMutablePointer<Int32>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    let counts = try Caller.place(counts, "counts")
    let isDiagonal = try Caller.place(isDiagonal, "is_diagonal")
    let found = handle.kernel.cuttableSamples()
    let rows = [
      (inputAxes, inputCount, found?.inputAxes ?? handle.inputTypes.map { _ in nil }, "input_axes"),
      (
        resultAxes, resultCount, found?.resultAxes ?? handle.resultTypes.map { _ in nil },
        "result_axes"
      ),
    ]
    for (pointer, count, axes, name) in rows {
      guard count == axes.count else {
        throw .argument(
          name, expected: "\(axes.count) places", got: "\(UInt(bitPattern: count))")
      }
      guard count > 0 else { continue }
      let place = try Caller.place(pointer, name)
      for (index, axis) in axes.enumerated() { place[index] = axis.map { Int64($0) } ?? .min }
    }
    counts[0] = Int64(found?.counts.first ?? 0)
    counts[1] = Int64(found?.counts.second ?? 0)
    isDiagonal.pointee = found?.isDiagonal ?? false ? 1 : 0
  }
}

@_cdecl("ntk_tangent_kernel_tile") @implementation
public func ntk_tangent_kernel_tile(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ kernel: OpaquePointer?, _ rows: Int64,
  _ columns: Int64
) -> ntk_status {
  creating(out) { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    let (first, second) = try handle.kernel.tilePrograms(
      rows: Int(rows), columns: columns == .min ? nil : Int(columns))
    return KernelHandle(try handle.kernel.tile(first, second), first: first, second: second)
  }
}

@_cdecl("ntk_tangent_kernel_tiling") @implementation
public func ntk_tangent_kernel_tiling(
  _ kernel: OpaquePointer?, _ memoryLimit: UnsafeMutablePointer<UInt64>?,
  _ size: UnsafeMutablePointer<Int64>?, _ keepsSides: UnsafeMutablePointer<Int32>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    let place = try Caller.place(memoryLimit, "memory_limit")
    let size = try Caller.place(size, "size")
    let keepsSides = try Caller.place(keepsSides, "keeps_sides")
    let asked = place.pointee == 0 ? nil : Int(clamping: place.pointee)
    let (limit, tiling) = try handle.kernel.tiling(limit: asked)
    place.pointee = limit.map { UInt64($0) } ?? 0
    switch tiling {
    case .whole: (size.pointee, keepsSides.pointee) = (0, 0)
    case .tiles(let samples, let keeps):
      (size.pointee, keepsSides.pointee) = (Int64(samples), keeps ? 1 : 0)
    }
  }
}

@_cdecl("ntk_tangent_kernel_compute") @implementation
public func ntk_tangent_kernel_compute(
  _ kernel: OpaquePointer?, _ inputs: UnsafePointer<ntk_buffer>?, _ inputCount: Int,
  _ outputs: UnsafePointer<ntk_buffer>?, _ outputCount: Int,
  _ options: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let handle: KernelHandle = try object(kernel, "kernel")
    try handle.compute(
      Buffers(inputs, inputCount, "inputs"), to: Buffers(outputs, outputCount, "outputs"), options)
  }
}

@_cdecl("ntk_kernel") @implementation
public func ntk_kernel(
  _ first: OpaquePointer?, _ second: OpaquePointer?,
  _ kernelOptions: UnsafePointer<ntk_kernel_options>?, _ inputs: UnsafePointer<ntk_buffer>?,
  _ inputCount: Int, _ outputs: UnsafePointer<ntk_buffer>?, _ outputCount: Int,
  _ runOptions: UnsafePointer<ntk_run_options>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    let kernel = try Caller.kernel(first, second, kernelOptions)
    try kernel.compute(
      Buffers(inputs, inputCount, "inputs"), to: Buffers(outputs, outputCount, "outputs"),
      runOptions)
  }
}
