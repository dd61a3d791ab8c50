import NTKHeader
import XCTest

/// Arrays of the caller in every layout, and those that are refused.
final class LayoutTests: XCTestCase {
  private static let typeNames = ["f32", "f64", "i32", "i64", "u8", "u32", "u64", "bool"]

  /// Law: the same elements in any layout give the same bits, and nothing is written beside them.
  func testAnyLayoutGivesTheSameBits() throws {
    var random = RandomNumbers(seed: 11)
    for (type, name) in zip(TestArray.types, Self.typeNames) {
      for sizes in [[], [0], [1], [5], [3, 4], [2, 0, 3], [2, 1, 3], [3, 2, 2, 2]] {
        let shape = name + "[" + sizes.map(String.init).joined(separator: ",") + "]"
        let program = try TestProgram.parse(
          "ntk 1 program(%0: \(shape), %1: \(shape)) { %2 = max(%0, %1) return %2, %0 }")
        let inputs = program.inputs()
        for input in inputs { input.randomize(&random) }
        let expected = program.run(inputs).map(\.bytes)
        XCTAssertEqual(expected[1], inputs[0].bytes)
        for _ in 0..<20 {
          let copies = inputs.map { $0.copy(in: &random) }
          let before = copies.map { Array($0.memory) }
          let outputs = program.outputs().map { $0.copy(in: &random, isOutput: true) }
          for output in outputs { output.memory.initializeMemory(as: UInt8.self, repeating: 7) }
          expectOK(evaluate(program, copies, outputs))
          XCTAssertEqual(outputs.map(\.bytes), expected, "\(type): \(copies.map(\.byteStrides))")
          XCTAssertEqual(copies.map { Array($0.memory) }, before)
          for output in outputs {
            output.bytes = [UInt8](repeating: 7, count: output.count * output.itemSize)
            XCTAssert(output.memory.allSatisfy { $0 == 7 }, "wrote beside \(output.byteStrides)")
          }
        }
      }
    }
  }

  /// Inputs may repeat their elements.
  func testRepeatedElements() throws {
    let program = try TestProgram.parse(
      "ntk 1 program(%0: f64[3,4]) { %1 = neg(%0) return %1 }")
    let output = program.outputs()[0]
    for (strides, offset) in [([0, 8], 0), ([0, 0], 0), ([8, 8], 0), ([8, 0], 0), ([1, 8], 3)] {
      let input = TestArray(Int32(NTK_F64), [3, 4], byteStrides: strides, offset: offset)
      var random = RandomNumbers(seed: 12)
      for index in input.memory.indices {
        input.memory[index] = UInt8(truncatingIfNeeded: random.next())
      }
      expectOK(evaluate(program, [input], [output]))
      for (x, y) in zip(input.doubles, output.doubles) where !x.isNaN { XCTAssertEqual(-x, y) }
    }
  }

  /// Law: any byte other than 0 is true, in any layout.
  func testAnyByteIsTrue() throws {
    var random = RandomNumbers(seed: 13)
    let program = try TestProgram.parse(
      """
      ntk 1 program(%0: bool[3,4]) {
        %1 = not(%0) %2 = convert_element_type[new_dtype=i32](%0) %3 = reduce_sum[axes=[0, 1]](%2)
        return %0, %1, %3 }
      """)
    for _ in 0..<50 {
      let plain = TestArray(Int32(NTK_BOOL), [3, 4])
      plain.bytes = (0..<12).map { _ in
        random.below(2) == 0 ? 0 : UInt8(1 + random.below(255))
      }
      let outputs = program.outputs()
      expectOK(evaluate(program, [plain.copy(in: &random)], outputs))
      let expected = plain.bytes.map { $0 == 0 ? UInt8(0) : 1 }
      XCTAssertEqual(outputs[0].bytes, expected)
      XCTAssertEqual(outputs[1].bytes, expected.map { 1 - $0 })
      XCTAssertEqual(outputs[2].bytes, [expected.reduce(0, +), 0, 0, 0])
    }
  }

  /// Law: refused exactly where an output's range of addresses meets another array's.
  func testOverlap() throws {
    let program = try TestProgram.parse(
      "ntk 1 program(%0: f64[2], %1: f64[3]) { %2 = neg(%0) %3 = neg(%1) return %2, %3 }")
    var random = RandomNumbers(seed: 14)
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: 64)
    memory.initialize(repeating: 1, count: 64)
    defer { memory.deallocate() }
    let counts: [Int64] = [2, 3, 2, 3]
    var refused = 0
    for _ in 0..<2000 {
      let starts = counts.map { _ in random.below(24) }
      let steps = counts.map { _ in [1, 2, -1][random.below(3)] }
      var ranges: [Range<Int>] = []
      for (index, count) in counts.enumerated() {
        let (first, last) = (
          20 + starts[index], 20 + starts[index] + steps[index] * (Int(count) - 1)
        )
        ranges.append(min(first, last)..<(max(first, last) + 1))
      }
      var expected = NTK_OK
      for (one, other) in [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
      where ranges[one].overlaps(ranges[other]) { expected = NTK_INVALID_ARGUMENT }
      let strides = steps.map { Int64(8 * $0) }
      strides.withUnsafeBufferPointer { strides in
        counts.withUnsafeBufferPointer { counts in
          let buffers = (0..<4).map {
            ntk_buffer(
              data: memory + 20 + starts[$0], element_type: Int32(NTK_F64), flags: 0, rank: 1,
              sizes: counts.baseAddress! + $0, strides: strides.baseAddress! + $0)
          }
          let outputs = Array(buffers[2...])
          expect(expected, ntk_evaluate(program.pointer, buffers, 2, outputs, 2, nil))
        }
      }
      refused += expected == NTK_OK ? 0 : 1
    }
    XCTAssertGreaterThan(refused, 500)
    XCTAssertLessThan(refused, 1900)
  }

  /// Law: a call refused before it runs writes nothing.
  func testRefusedCallsWriteNothing() throws {
    let program = try TestProgram.parse(someText)
    let (inputs, output) = (program.inputs(), program.outputs()[0])
    output.memory.initializeMemory(as: UInt8.self, repeating: 7)
    var size: Int64 = 2
    var strides: [Int64] = [8, Int64.max]
    func check(
      _ status: ntk_status, line: UInt = #line, _ change: (inout ntk_buffer) -> Void
    ) {
      for place in 0..<3 {
        var buffers = (inputs + [output]).map(\.buffer)
        change(&buffers[place])
        let outputs = [buffers[2]]
        expect(status, ntk_evaluate(program.pointer, buffers, 2, outputs, 1, nil), line: line)
        XCTAssert(output.memory.allSatisfy { $0 == 7 }, line: line)
      }
    }
    withUnsafeMutablePointer(to: &size) { size in
      strides.withUnsafeMutableBufferPointer { strides in
        check(NTK_INVALID_ARGUMENT) { $0.data = nil }
        check(NTK_INVALID_ARGUMENT) { $0.flags = 6 }
        check(NTK_INVALID_ARGUMENT) { $0.rank = -1 }
        check(NTK_INVALID_ARGUMENT) { $0.rank = 33 }
        check(NTK_INVALID_ARGUMENT) { $0.rank = Int64.min }
        check(NTK_INVALID_ARGUMENT) { $0.sizes = nil }
        check(NTK_INVALID_ARGUMENT) { $0.element_type = 0 }
        check(NTK_INVALID_ARGUMENT) { $0.element_type = -7 }
        check(NTK_DTYPE_MISMATCH) { $0.element_type = Int32(NTK_F32) }
        check(NTK_SHAPE_MISMATCH) { $0.rank = 0 }
        check(NTK_SHAPE_MISMATCH) { buffer in
          buffer.rank = 1
          buffer.sizes = UnsafePointer(size)
        }
        for stride in [Int64.max, Int64.min, 1 << 62, -(1 << 62)] {
          strides[0] = stride
          check(NTK_INVALID_ARGUMENT) { $0.strides = UnsafePointer(strides.baseAddress) }
        }
      }
    }
    output.flags = UInt32(NTK_READ_ONLY)
    expect(NTK_INVALID_ARGUMENT, evaluate(program, inputs, [output]))
    for strides in [[0, 8], [8, 0], [4, 32], [-4, 32]] {
      let layered = TestArray(Int32(NTK_F64), [4, 2], byteStrides: strides)
      expect(NTK_INVALID_ARGUMENT, evaluate(program, inputs, [layered]))
      XCTAssert(layered.memory.allSatisfy { $0 == 0 })
    }
  }
}
