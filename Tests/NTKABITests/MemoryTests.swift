import NTKHeader
import XCTest

/// What cannot be allocated is a status.
final class MemoryTests: XCTestCase {
  /// An array of 2⁴⁸ bytes by strides of 0: more than an address space holds.
  private func gigantic(offset: Int, _ run: (ntk_buffer) -> Void) {
    let memory = [Double](repeating: 1, count: 2)
    let size: [Int64] = [1 << 45]
    memory.withUnsafeBytes { memory in
      size.withUnsafeBufferPointer { size in
        let stride: [Int64] = [0]
        stride.withUnsafeBufferPointer { stride in
          run(
            ntk_buffer(
              data: UnsafeMutableRawPointer(mutating: memory.baseAddress! + offset),
              element_type: Int32(NTK_F64), flags: UInt32(NTK_READ_ONLY), rank: 1,
              sizes: size.baseAddress, strides: stride.baseAddress))
        }
      }
    }
  }

  func testCopyThatCannotBeAllocated() throws {
    let program = try TestProgram.parse(
      "ntk 1 program(%0: f64[\(1 << 45)]) { %1 = reduce_sum[axes=[0]](%0) return %1 }")
    let output = program.outputs()[0]
    output.doubles = [7]
    gigantic(offset: 3) { buffer in
      let inputs = [buffer]
      let outputs = [output.buffer]
      expect(NTK_OUT_OF_MEMORY, ntk_evaluate(program.pointer, inputs, 1, outputs, 1, nil))
    }
    XCTAssertEqual(output.doubles, [7])
  }

  func testConstantThatIsTooLarge() throws {
    var builder: OpaquePointer?
    expectOK(ntk_builder_create(&builder))
    defer { ntk_builder_free(builder) }
    var value: Int32 = 0
    gigantic(offset: 0) { buffer in
      withUnsafePointer(to: buffer) {
        expect(NTK_UNSUPPORTED, ntk_builder_constant(builder, $0, &value))
      }
    }
  }

  private let powers = """
    ntk 1 program(%0: f64[30,30]) {
      %1 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%0, %0)
      %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %1)
      return %2 }
    """

  /// Law: copies for a layout count against the limit, of which the message tells.
  func testLimitCountsCopies() throws {
    let program = try TestProgram.parse(powers)
    var peak: UInt64 = 0
    expectOK(ntk_program_peak_memory(program.pointer, &peak))
    XCTAssertGreaterThan(peak, 0)
    let odd = TestArray(Int32(NTK_F64), [30, 30], byteStrides: [271, 9], offset: 1)
    let needed = peak + 7200
    var options = ntk_run_options()
    options.struct_size = MemoryLayout<ntk_run_options>.size
    options.memory_limit = needed
    expectOK(evaluate(program, [odd], program.outputs(), &options))
    options.memory_limit = needed - 1
    expect(NTK_OUT_OF_MEMORY, evaluate(program, [odd], program.outputs(), &options))
    XCTAssertEqual(
      lastError,
      "the smallest working set takes \(needed) bytes, but the memory limit is \(needed - 1) bytes")
  }

  /// Law: what the peak says suffices, one byte less does not.
  func testPeakIsExact() throws {
    for text in [someText, powers] {
      let program = try TestProgram.parse(text)
      var peak: UInt64 = 0
      expectOK(ntk_program_peak_memory(program.pointer, &peak))
      var options = ntk_run_options()
      options.struct_size = MemoryLayout<ntk_run_options>.size
      options.memory_limit = max(peak, 1)
      expectOK(evaluate(program, program.inputs(), program.outputs(), &options))
      guard peak > 1 else { continue }
      options.memory_limit = peak - 1
      expect(
        NTK_OUT_OF_MEMORY, evaluate(program, program.inputs(), program.outputs(), &options))
    }
  }
}
