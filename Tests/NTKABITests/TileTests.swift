import NTKHeader
import XCTest

/// Law: the tiles of a kernel, each from its own samples' inputs, are its parts.
final class TileTests: XCTestCase {
  private func kernel(
    _ first: OpaquePointer, _ second: OpaquePointer?, traceAxes: [Int64] = []
  ) -> OpaquePointer? {
    var kernel: OpaquePointer?
    [0].withUnsafeBufferPointer { parameters in
      traceAxes.withUnsafeBufferPointer { axes in
        var options = ntk_kernel_options()
        options.struct_size = MemoryLayout<ntk_kernel_options>.size
        options.normalize = 1
        options.parameters = parameters.baseAddress
        options.parameter_count = 1
        options.trace_axes = axes.baseAddress
        options.trace_axis_count = axes.count
        expectOK(ntk_tangent_kernel_create(&kernel, first, second, &options))
      }
    }
    return kernel
  }

  private func compute(_ kernel: OpaquePointer?, _ inputs: [TestArray], _ sizes: [Int]) -> [Double]
  {
    let result = TestArray(Int32(NTK_F64), sizes)
    withExtendedLifetime((inputs, result)) {
      expectOK(
        ntk_tangent_kernel_compute(
          kernel, inputs.map(\.buffer), inputs.count, [result.buffer], 1, nil))
    }
    return result.doubles
  }

  /// Rows of an array [4, 3].
  private func cut(_ array: TestArray, _ rows: Range<Int>) -> TestArray {
    let part = TestArray(Int32(NTK_F64), [rows.count, 3])
    let bytes = UnsafeRawBufferPointer(
      start: array.first + rows.lowerBound * 24, count: rows.count * 24)
    UnsafeMutableRawBufferPointer(start: part.first, count: bytes.count).copyMemory(from: bytes)
    return part
  }

  func testTiles() throws {
    let program = try TestProgram.parse(someText)
    var random = RandomNumbers(seed: 5)
    let inputs = program.inputs()
    let other = TestArray(Int32(NTK_F64), [4, 3])
    for array in inputs + [other] { array.randomize(&random) }
    for second in [nil, program.pointer] {
      let kernel = kernel(program.pointer, second)
      defer { ntk_tangent_kernel_free(kernel) }
      let x2 = second == nil ? inputs[1] : other
      let whole = compute(kernel, second == nil ? inputs : inputs + [other], [4, 4, 2, 2])
      for (rows, columns) in [(0..<3, 0..<3), (0..<2, 2..<4), (3..<4, 0..<3)] {
        let isSymmetric = second == nil && rows == columns
        var tile: OpaquePointer?
        expectOK(
          ntk_tangent_kernel_tile(
            &tile, kernel, Int64(rows.count), isSymmetric ? .min : Int64(columns.count)))
        defer { ntk_tangent_kernel_free(tile) }
        var given = [inputs[0], cut(inputs[1], rows)]
        if !isSymmetric { given.append(cut(x2, columns)) }
        let part = compute(tile, given, [rows.count, columns.count, 2, 2])
        var expected: [Double] = []
        for row in rows {
          for column in columns { expected += whole[((row * 4 + column) * 4)...].prefix(4) }
        }
        for (a, b) in zip(part, expected) { XCTAssertEqual(a, b, accuracy: 1e-12) }
      }
    }
  }

  func testSamples() throws {
    let program = try TestProgram.parse(someText)
    var counts: [Int64] = [-1, -1]
    var inputAxes = [Int64](repeating: -1, count: 3)
    var resultAxes: [Int64] = [-1]
    var isDiagonal: Int32 = -1
    let pair = kernel(program.pointer, program.pointer)
    defer { ntk_tangent_kernel_free(pair) }
    expectOK(ntk_tangent_kernel_samples(pair, &counts, &inputAxes, 3, &resultAxes, 1, &isDiagonal))
    XCTAssertEqual(counts, [4, 4])
    XCTAssertEqual(inputAxes, [.min, 0, 0])
    XCTAssertEqual(resultAxes, [0])
    XCTAssertEqual(isDiagonal, 0)
    let invalid = NTK_INVALID_ARGUMENT
    expect(
      invalid,
      ntk_tangent_kernel_samples(pair, &counts, &inputAxes, 2, &resultAxes, 1, &isDiagonal))
    expect(invalid, ntk_tangent_kernel_samples(pair, &counts, nil, 3, &resultAxes, 1, &isDiagonal))
    let traced = kernel(program.pointer, nil, traceAxes: [0])
    defer { ntk_tangent_kernel_free(traced) }
    expectOK(
      ntk_tangent_kernel_samples(traced, &counts, &inputAxes, 2, &resultAxes, 1, &isDiagonal))
    XCTAssertEqual(counts, [0, 0])
    XCTAssertEqual(inputAxes.prefix(2), [.min, .min])
    XCTAssertEqual(resultAxes, [.min])
    var tile: OpaquePointer?
    expect(invalid, ntk_tangent_kernel_tile(&tile, traced, 1, 1))
    for (rows, columns) in [(0, 1), (1, 0), (5, 1), (1, 5), (-1, 1), (1, .min), (.max, .max)]
      as [(Int64, Int64)]
    {
      expect(invalid, ntk_tangent_kernel_tile(&tile, pair, rows, columns))
      XCTAssertNil(tile)
    }
  }

  func testTiling() throws {
    let program = try TestProgram.parse(someText)
    let kernel = kernel(program.pointer, nil)
    defer { ntk_tangent_kernel_free(kernel) }
    var (size, keepsSides) = (Int64(-1), Int32(-1))
    var limit: UInt64 = 0
    expectOK(ntk_tangent_kernel_tiling(kernel, &limit, &size, &keepsSides))
    XCTAssertEqual([Int64(limit), size, Int64(keepsSides)], [0, 0, 0])
    limit = .max
    expectOK(ntk_tangent_kernel_tiling(kernel, &limit, &size, &keepsSides))
    XCTAssertEqual(limit, UInt64(Int.max))
    XCTAssertEqual(size, 0)
    limit = 1
    expect(NTK_OUT_OF_MEMORY, ntk_tangent_kernel_tiling(kernel, &limit, &size, &keepsSides))
  }
}
