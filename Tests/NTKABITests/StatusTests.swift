import NTKHeader
import XCTest

/// Every status that a caller can cause, and what is told about it.
final class StatusTests: XCTestCase {
  func testEveryStatusIsReachable() throws {
    let program = try TestProgram.parse(someText)
    let (inputs, outputs) = (program.inputs(), program.outputs())
    var out: OpaquePointer?

    func run(_ options: ntk_run_options) -> ntk_status {
      withUnsafePointer(to: options) { evaluate(program, inputs, outputs, $0) }
    }
    var options = ntk_run_options()
    options.struct_size = MemoryLayout<ntk_run_options>.size
    expect(NTK_OK, run(options))
    expect(NTK_INVALID_ARGUMENT, evaluate(program, Array(inputs.dropLast()), outputs))
    expect(NTK_SHAPE_MISMATCH, evaluate(program, inputs.reversed(), outputs))
    XCTAssertEqual(lastError, "w has shape (4, 3), expected (3, 2)")
    let wrongType = [TestArray(Int32(NTK_F32), [3, 2]), inputs[1]]
    expect(NTK_DTYPE_MISMATCH, evaluate(program, wrongType, outputs))
    XCTAssertEqual(lastError, "w has element type f32, expected f64")
    expect(NTK_SYNTAX, ntk_program_parse(&out, "ntk 1\n  program", 15))
    XCTAssertEqual([position().line, position().column], [2, 10])
    var byte: CChar = 0
    expect(NTK_BUFFER_TOO_SMALL, ntk_build_info(&byte, 1, nil))
    XCTAssertEqual([position().line, position().column], [0, 0])
    expect(NTK_UNSUPPORTED, ntk_program_resize(&out, program.pointer, 0, 0, 7))

    options.memory_limit = 1
    let chain = "dot_general[dimension_numbers=[[[1], [0]], [[], []]]]"
    let heavy = try TestProgram.parse(
      """
      ntk 1 program(%0: f64[9,9]) { %1 = \(chain)(%0, %0) %2 = \(chain)(%1, %1) return %2 }
      """)
    withUnsafePointer(to: options) {
      expect(NTK_OUT_OF_MEMORY, evaluate(heavy, heavy.inputs(), heavy.outputs(), $0))
    }
    options.memory_limit = 0
    options.progress = { _, _, _ in 1 }
    expect(NTK_CALLBACK, run(options))
    options.progress = nil
    var cancellation: OpaquePointer?
    expectOK(ntk_cancellation_create(&cancellation))
    options.cancellation = cancellation
    expect(NTK_OK, run(options))
    ntk_cancellation_cancel(cancellation)
    expect(NTK_CANCELLED, run(options))
    ntk_cancellation_free(cancellation)

    let rows = try TestProgram.parse(
      """
      ntk 1 program(%0: f32[2,3], %1: i64[1,1]) {
        %2 = gather[offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0],
                    slice_sizes=[1, 3], mode="error"](%0, %1)
        return %2 }
      """)
    let indices = rows.inputs()
    expectOK(evaluate(rows, indices, rows.outputs()))
    indices[1].bytes = [2, 0, 0, 0, 0, 0, 0, 0]
    expect(NTK_INDEX_OUT_OF_RANGE, evaluate(rows, indices, rows.outputs()))
  }

  func testNamesOfStatuses() {
    let names = (0..<12).map { statusName(ntk_status($0)) }
    XCTAssertEqual(Set(names).count, 12)
    XCTAssert(names.allSatisfy { $0.hasPrefix("NTK_") })
    XCTAssertFalse(statusName(ntk_status(4711)).hasPrefix("NTK_"))
  }

  /// A success leaves the message; another thread's failure does too.
  func testMessageStaysUntilTheNextFailureOfTheThread() {
    var out: OpaquePointer?
    expect(NTK_SYNTAX, ntk_program_parse(&out, "no", 2))
    let message = lastError
    XCTAssertEqual(ntk_set_threads(ntk_get_threads()), NTK_OK)
    XCTAssertEqual(lastError, message)
    for _ in 0..<4 {
      // A thread's message is freed with it: a leak checker sees this one.
      let other = Thread {
        var out: OpaquePointer?
        let long = String(repeating: "x", count: 5000)
        XCTAssertEqual(lastError, "")
        _ = ntk_builder_create(&out)
        _ = ntk_builder_apply(out, long, nil, 0, nil, 0, nil, 0, nil, 0, nil)
        ntk_builder_free(out)
        XCTAssertNotEqual(lastError, "")
      }
      other.runToItsEnd()
    }
    XCTAssertEqual(lastError, message)
  }

  /// A NUL in a name does not end the message.
  func testMessageWithNUL() throws {
    let program = try TestProgram.parse(
      #"ntk 1 program(%0 "a\0b": f32[2]) { %1 = tanh(%0) return %1 }"#)
    let wrong = [TestArray(Int32(NTK_F32), [3])]
    expect(NTK_SHAPE_MISMATCH, evaluate(program, wrong, program.outputs()))
    XCTAssertEqual(lastError, "a b has shape (3), expected (2)")
  }
}
