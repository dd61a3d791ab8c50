import NTKHeader
import XCTest

/// NULL for everything, and for each thing: a status, never a crash.
final class NullTests: XCTestCase {
  func testEverythingNull() {
    let calls: [(String, () -> ntk_status)] = [
      ("parse", { ntk_program_parse(nil, nil, 0) }),
      ("text", { ntk_program_text(nil, nil, 0, nil) }),
      ("hash", { ntk_program_hash(nil, nil) }),
      ("equal", { ntk_program_equal(nil, nil, nil) }),
      ("counts", { ntk_program_counts(nil, nil, nil, nil, nil) }),
      ("input_type", { ntk_program_input_type(nil, 0, nil, nil, nil, 0) }),
      ("output_type", { ntk_program_output_type(nil, 0, nil, nil, nil, 0) }),
      ("peak_memory", { ntk_program_peak_memory(nil, nil) }),
      ("builder_create", { ntk_builder_create(nil) }),
      ("builder_input", { ntk_builder_input(nil, 1, 0, nil, nil, nil) }),
      ("builder_constant", { ntk_builder_constant(nil, nil, nil) }),
      ("builder_apply", { ntk_builder_apply(nil, nil, nil, 0, nil, 0, nil, 0, nil, 0, nil) }),
      ("builder_call", { ntk_builder_call(nil, nil, nil, 0, nil, 0, nil) }),
      ("builder_type", { ntk_builder_type(nil, 0, nil, nil, nil, 0) }),
      ("builder_location", { ntk_builder_location(nil, nil, 0) }),
      ("builder_finish", { ntk_builder_finish(nil, nil, 0, nil, 0, nil, 0, nil) }),
      ("jvp", { ntk_program_jvp(nil, nil, nil, 0) }),
      ("linearize", { ntk_program_linearize(nil, nil, nil, nil, 0) }),
      ("transpose", { ntk_program_transpose(nil, nil, nil, 0) }),
      ("vjp", { ntk_program_vjp(nil, nil, nil, nil, 0) }),
      ("jacobian", { ntk_program_jacobian(nil, nil, nil, 0, 0) }),
      ("vmap", { ntk_program_vmap(nil, nil, 0, nil, nil) }),
      ("simplify", { ntk_program_simplify(nil, nil) }),
      ("resize", { ntk_program_resize(nil, nil, 0, 0, 0) }),
      ("cancellation_create", { ntk_cancellation_create(nil) }),
      ("evaluate", { ntk_evaluate(nil, nil, 0, nil, 0, nil) }),
      ("run jvp", { ntk_jvp(nil, nil, 0, nil, 0, nil, nil, 0, nil) }),
      ("run vjp", { ntk_vjp(nil, nil, 0, nil, 0, nil, 0, nil, 0, nil) }),
      ("run jacobian", { ntk_jacobian(nil, nil, 0, 0, nil, 0, nil, 0, nil) }),
      ("kernel_create", { ntk_tangent_kernel_create(nil, nil, nil, nil) }),
      ("kernel_count", { ntk_tangent_kernel_count(nil, nil) }),
      ("kernel_type", { ntk_tangent_kernel_type(nil, 0, nil, nil, nil, 0) }),
      ("kernel_program", { ntk_tangent_kernel_program(nil, nil) }),
      ("kernel_explain", { ntk_tangent_kernel_explain(nil, nil, 0, nil) }),
      ("kernel_samples", { ntk_tangent_kernel_samples(nil, nil, nil, 0, nil, 0, nil) }),
      ("kernel_tile", { ntk_tangent_kernel_tile(nil, nil, 0, 0) }),
      ("kernel_tiling", { ntk_tangent_kernel_tiling(nil, nil, nil, nil) }),
      ("kernel_compute", { ntk_tangent_kernel_compute(nil, nil, 0, nil, 0, nil) }),
      ("kernel", { ntk_kernel(nil, nil, nil, nil, 0, nil, 0, nil) }),
    ]
    for (what, call) in calls {
      XCTAssertEqual(statusName(call()), "NTK_INVALID_ARGUMENT", what)
      XCTAssertFalse(lastError.isEmpty, what)
    }
    ntk_program_free(nil)
    ntk_builder_free(nil)
    ntk_cancellation_cancel(nil)
    ntk_cancellation_free(nil)
    ntk_tangent_kernel_free(nil)
    ntk_last_error_position(nil, nil)
  }

  /// A list that is NULL is empty; with a count it is refused, and so are counts beyond sense.
  func testListsNull() throws {
    let program = try TestProgram.parse(someText)
    let handle = program.pointer
    var out: OpaquePointer?
    var second: OpaquePointer?
    var builder: OpaquePointer?
    var count = 0
    var value: Int32 = 0
    expectOK(ntk_builder_create(&builder))
    defer { ntk_builder_free(builder) }
    for bad in [1, 3, Int.max, -1, Int.min] {
      expect(NTK_INVALID_ARGUMENT, ntk_program_parse(&out, nil, bad))
      expect(NTK_INVALID_ARGUMENT, ntk_program_jvp(&out, handle, nil, bad))
      expect(NTK_INVALID_ARGUMENT, ntk_program_linearize(&out, &second, handle, nil, bad))
      expect(NTK_INVALID_ARGUMENT, ntk_program_transpose(&out, handle, nil, bad))
      expect(NTK_INVALID_ARGUMENT, ntk_program_vjp(&out, &second, handle, nil, bad))
      expect(NTK_INVALID_ARGUMENT, ntk_program_jacobian(&out, handle, nil, bad, 0))
      expect(
        NTK_INVALID_ARGUMENT, ntk_builder_finish(builder, nil, bad, nil, 0, nil, 0, &out))
      expect(
        NTK_INVALID_ARGUMENT, ntk_builder_finish(builder, nil, 0, nil, 0, nil, bad, &out))
      expect(
        NTK_INVALID_ARGUMENT,
        ntk_builder_apply(builder, "tanh", nil, bad, nil, 0, nil, 0, &value, 1, &count))
      expect(
        NTK_INVALID_ARGUMENT,
        ntk_builder_apply(builder, "tanh", nil, 0, nil, bad, nil, 0, &value, 1, &count))
      expect(
        NTK_INVALID_ARGUMENT,
        ntk_builder_apply(builder, "tanh", nil, 0, nil, 0, nil, bad, &value, 1, &count))
      expect(NTK_INVALID_ARGUMENT, ntk_evaluate(handle, nil, bad, nil, 1, nil))
      XCTAssertNil(out)
      XCTAssertNil(second)
    }
    for rank in [1, 32] {
      expect(
        NTK_INVALID_ARGUMENT, ntk_builder_input(builder, 1, rank, nil, nil, &value))
    }
    for rank in [33, Int.max, -1] {
      expect(NTK_SHAPE_MISMATCH, ntk_builder_input(builder, 1, rank, [2], nil, &value))
    }
    expect(NTK_INVALID_ARGUMENT, ntk_builder_input(builder, 0, 0, nil, nil, &value))
    expect(NTK_INVALID_ARGUMENT, ntk_program_vmap(&out, handle, 2, nil, [0]))
    expect(NTK_INVALID_ARGUMENT, ntk_program_vmap(&out, handle, 2, [0, 0], nil))
    let bodies: [OpaquePointer?] = [nil]
    expect(
      NTK_INVALID_ARGUMENT,
      ntk_builder_apply(builder, "scan", nil, 0, nil, 0, bodies, 1, &value, 1, &count))
    // No active input is a derivative by nothing.
    expectOK(ntk_program_jvp(&out, handle, nil, 0))
    ntk_program_free(out)
  }
}
