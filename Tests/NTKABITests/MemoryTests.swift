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

  /// Copies for a layout count against the limit.
  func testLimitCountsCopies() throws {
    let program = try TestProgram.parse(
      "ntk 1 program(%0: f64[1000]) { %1 = neg(%0) return %1 }")
    var peak: UInt64 = 1 << 60
    expectOK(ntk_program_peak_memory(program.pointer, &peak))
    let odd = TestArray(Int32(NTK_F64), [1000], byteStrides: [9], offset: 1)
    var options = ntk_run_options()
    options.struct_size = MemoryLayout<ntk_run_options>.size
    for (limit, status) in [(peak + 7999, NTK_OUT_OF_MEMORY), (peak + 8000, NTK_OK)] {
      options.memory_limit = limit
      expect(status, evaluate(program, [odd], program.outputs(), &options))
    }
  }

  /// Law: what the peak says suffices, one byte less does not.
  func testPeakIsExact() throws {
    let product = "dot_general[dimension_numbers=[[[1], [0]], [[], []]]]"
    for text in [
      someText,
      "ntk 1 program(%0: f64[9,9]) { %1 = \(product)(%0, %0) %2 = \(product)(%1, %1) return %2 }",
    ] {
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
