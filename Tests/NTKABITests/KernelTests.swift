import NTKHeader
import XCTest

/// Law: every way to a kernel gives J1 J2ᵀ.
final class KernelTests: XCTestCase {
  private var options: ntk_kernel_options {
    var options = ntk_kernel_options()
    options.struct_size = MemoryLayout<ntk_kernel_options>.size
    options.normalize = 1
    return options
  }

  /// J J'ᵀ of `someText` by its parameter, from Jacobians: [n, n', o, o'].
  private func expected(
    _ program: TestProgram, _ w: TestArray, _ x1: TestArray, _ x2: TestArray
  ) -> [Double] {
    let sides = [x1, x2].map { x -> [Double] in
      let block = TestArray(Int32(NTK_F64), [4, 2, 3, 2])
      withExtendedLifetime((w, x, block)) {
        expectOK(
          ntk_jacobian(
            program.pointer, [0], 1, 0, [w.buffer, x.buffer], 2, [block.buffer], 1, nil))
      }
      return block.doubles
    }
    var theta: [Double] = []
    for n in 0..<4 {
      for m in 0..<4 {
        for o in 0..<2 {
          for p in 0..<2 {
            theta.append(
              (0..<6).reduce(0) {
                $0 + sides[0][(2 * n + o) * 6 + $1] * sides[1][(2 * m + p) * 6 + $1]
              })
          }
        }
      }
    }
    return theta
  }

  func testKernels() throws {
    let program = try TestProgram.parse(someText)
    var random = RandomNumbers(seed: 31)
    let inputs = program.inputs()
    let x2 = TestArray(Int32(NTK_F64), [4, 3])
    for array in inputs + [x2] { array.randomize(&random) }
    let parameters = [0]
    for second in [nil, program.pointer] {
      let expected = expected(program, inputs[0], inputs[1], second == nil ? inputs[1] : x2)
      let given = second == nil ? inputs : inputs + [x2]
      for implementation in 0..<3 as Range<Int32> {
        try parameters.withUnsafeBufferPointer { parameters in
          var options = options
          options.parameters = parameters.baseAddress
          options.parameter_count = 1
          options.implementation = implementation
          let once = TestArray(Int32(NTK_F64), [4, 4, 2, 2])
          withExtendedLifetime((given, once)) {
            expectOK(
              ntk_kernel(
                program.pointer, second, &options, given.map(\.buffer), given.count,
                [once.buffer], 1, nil))
          }
          for (a, b) in zip(once.doubles, expected) { XCTAssertEqual(a, b, accuracy: 1e-12) }
          let planned = try compute(program.pointer, second, &options, given)
          XCTAssertEqual(planned, once.bytes)
        }
      }
    }
  }

  /// The same by a planned kernel, and by its program.
  private func compute(
    _ first: OpaquePointer, _ second: OpaquePointer?,
    _ options: UnsafePointer<ntk_kernel_options>, _ inputs: [TestArray]
  ) throws -> [UInt8] {
    var kernel: OpaquePointer?
    expectOK(ntk_tangent_kernel_create(&kernel, first, second, options))
    defer { ntk_tangent_kernel_free(kernel) }
    var (count, type, rank): (Int, Int32, Int) = (0, 0, 0)
    var sizes = [Int64](repeating: 0, count: 4)
    expectOK(ntk_tangent_kernel_count(kernel, &count))
    expectOK(ntk_tangent_kernel_type(kernel, 0, &type, &rank, &sizes, 4))
    expect(NTK_BUFFER_TOO_SMALL, ntk_tangent_kernel_type(kernel, 0, &type, &rank, &sizes, 3))
    expect(NTK_INVALID_ARGUMENT, ntk_tangent_kernel_type(kernel, 1, &type, &rank, &sizes, 4))
    XCTAssertEqual([count, Int(type), rank], [1, Int(NTK_F64.rawValue), 4])
    XCTAssertEqual(sizes, [4, 4, 2, 2])
    var needed = 0
    expectOK(ntk_tangent_kernel_explain(kernel, nil, 0, &needed))
    XCTAssertGreaterThan(needed, 10)
    let result = TestArray(type, [4, 4, 2, 2])
    withExtendedLifetime((inputs, result)) {
      expectOK(
        ntk_tangent_kernel_compute(
          kernel, inputs.map(\.buffer), inputs.count, [result.buffer], 1, nil))
    }
    let program = try TestProgram.make { ntk_tangent_kernel_program(kernel, $0) }
    for (a, b) in zip(program.run(inputs)[0].doubles, result.doubles) {
      XCTAssertEqual(a, b, accuracy: 1e-12)
    }
    return result.bytes
  }

  func testRefusals() throws {
    let program = try TestProgram.parse(someText)
    let names = try TestProgram.parse("ntk 1 program(%0: f64[2], %1: i32[2]) { return %0 }")
    var kernel: OpaquePointer?
    let one = [1, 0, 0]
    let axes: [Int64] = [-1, 5, Int64.min]
    one.withUnsafeBufferPointer { indices in
      axes.withUnsafeBufferPointer { axes in
        func refuse(
          _ status: ntk_status, _ first: TestProgram, line: UInt = #line,
          _ change: (inout ntk_kernel_options) -> Void
        ) {
          var options = options
          change(&options)
          expect(
            status, ntk_tangent_kernel_create(&kernel, first.pointer, nil, &options), line: line)
          XCTAssertNil(kernel, line: line)
        }
        refuse(NTK_INVALID_ARGUMENT, program) { $0.struct_size = 8 }
        refuse(NTK_INVALID_ARGUMENT, program) { $0.implementation = 4 }
        refuse(NTK_INVALID_ARGUMENT, program) { $0.parameter_count = 1 }
        for count in [2, 3, Int.max, -1] {
          refuse(NTK_INVALID_ARGUMENT, program) { options in
            options.parameters = indices.baseAddress
            options.parameter_count = count
          }
        }
        refuse(NTK_DTYPE_MISMATCH, names) { options in
          options.parameters = indices.baseAddress
          options.parameter_count = 1
        }
        for count in [2, 3, 33, Int.max, -1] {
          refuse(NTK_INVALID_ARGUMENT, program) { options in
            options.trace_axes = axes.baseAddress
            options.trace_axis_count = count
          }
          refuse(NTK_INVALID_ARGUMENT, program) { options in
            options.diagonal_axes = axes.baseAddress
            options.diagonal_axis_count = count
          }
        }
        refuse(NTK_INVALID_ARGUMENT, program) { options in
          options.trace_axes = axes.baseAddress
          options.trace_axis_count = 1
          options.diagonal_axes = axes.baseAddress
          options.diagonal_axis_count = 1
        }
      }
    }
  }
}
