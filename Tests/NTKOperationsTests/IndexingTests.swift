import NTKExecution
import NTKOperations
import NTKProgram
import NTKRuntime
import XCTest

/// gather and scatter_add against XLA's definition, element by element.
final class IndexingTests: XCTestCase {
  /// For each element of the array of slices, where it stands in the array; nil: outside.
  private func places(
    _ parameters: [String: ParameterValue], _ array: Shape, _ indices: TestArray, _ slices: Shape,
    windowSizes: [Int], names: (window: String, inserted: String, map: String, batching: String)
  ) -> [Int?] {
    func list(_ name: String) -> [Int] { parameters[name].flatMap([Int].from) ?? [] }
    let window = list(names.window)
    let dropped = list(names.inserted) + list("operand_batching_dims")
    let windowAxes = array.indices.filter { !dropped.contains($0) }
    let scatterAxes = slices.indices.filter { !window.contains($0) }
    let map = list(names.map)
    let isClipped = parameters["mode"] == .string("clip")
    return (0..<slices.elementCount).map { flat in
      let position = slices.indices.map { flat / slices.strides[$0] % slices[$0] }
      let batch = scatterAxes.map { position[$0] }
      var place = [Int](repeating: 0, count: array.rank)
      for (component, axis) in map.enumerated() {
        let index = (batch + [component]).enumerated().reduce(0) {
          $0 * indices.shape[$1.offset] + $1.element
        }
        var start = Int(indices.values[index])
        let last = array[axis] - windowSizes[axis]
        if isClipped { start = min(max(start, 0), last) }
        guard start >= 0, start <= last else { return nil }
        place[axis] = start
      }
      for (axis, batchAxis) in zip(list("operand_batching_dims"), list(names.batching)) {
        place[axis] = batch[batchAxis]
      }
      for (axis, target) in zip(windowAxes, window) { place[axis] += position[target] }
      return zip(place, array.strides).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  func testAgainstDefinition() throws {
    for row in indexTable {
      let parameters = Dictionary(
        uniqueKeysWithValues: row.primitive.parameters.map { ($0.name, $0.value) })
      let operands = row.operands(seed: 11)
      let result = try evaluate(row.primitive, operands)[0]
      let array = operands[0]
      var expected = array
      if row.primitive is Gather {
        let places = places(
          parameters, array.shape, operands[1], result.shape,
          windowSizes: parameters["slice_sizes"].flatMap([Int].from) ?? [],
          names: (
            "offset_dims", "collapsed_slice_dims", "start_index_map",
            "start_indices_batching_dims"
          ))
        expected = TestArray(result.type, places.map { $0.map { array.values[$0] } ?? 0 })
      } else {
        let updates = operands[2]
        let window = parameters["update_window_dims"].flatMap([Int].from) ?? []
        let dropped =
          ["inserted_window_dims", "operand_batching_dims"].flatMap { name in
            parameters[name].flatMap([Int].from) ?? []
          }
        var sizes = [Int](repeating: 1, count: array.shape.rank)
        let windowAxes = array.shape.indices.filter { !dropped.contains($0) }
        for (axis, target) in zip(windowAxes, window) { sizes[axis] = updates.shape[target] }
        let places = places(
          parameters, array.shape, operands[1], updates.shape, windowSizes: sizes,
          names: (
            "update_window_dims", "inserted_window_dims", "scatter_dims_to_operand_dims",
            "scatter_indices_batching_dims"
          ))
        // In the order of the index vectors, which stand along the other axes of the updates.
        let batch = updates.shape.indices.filter { !window.contains($0) }
        let strides = updates.shape.strides
        func vector(_ index: Int) -> Int {
          batch.reduce(0) { $0 * updates.shape[$1] + index / strides[$1] % updates.shape[$1] }
        }
        for index in updates.values.indices.sorted(by: {
          (vector($0), $0) < (vector($1), $1)
        }) {
          let update = updates.values[index]
          guard let place = places[index] else { continue }
          let own = expected.values[place]
          expected.values[place] =
            switch row.primitive.name {
            case "scatter_add": own + update
            case "scatter_mul": own * update
            case "scatter_max": max(own, update)
            case "scatter_min": min(own, update)
            default: update
            }
        }
      }
      XCTAssertNoThrow(
        try expectClose(
          [result], [expected], result.type.elementType == .f32 ? 1e-6 : 1e-15, "\(row)"))
    }
  }

  func testIndicesOutOfRangeFail() throws {
    let rows: [String: ParameterValue] = [
      "offset_dims": .ints(1), "collapsed_slice_dims": .ints(0), "start_index_map": .ints(0),
      "slice_sizes": .ints(1, 2), "mode": .string("error"),
    ]
    let gather = try Gather(parameters: rows)
    let x = TestArray(type(.f64, 3, 2), [1, 2, 3, 4, 5, 6])
    for index in [-1, 3, 7] {
      let indices = TestArray(type(.i64, 2, 1), [0, Double(index)])
      XCTAssertThrowsError(try evaluate(gather, [x, indices])) {
        XCTAssertEqual($0 as? NTKError, .indexOutOfRange(index, size: 3))
      }
    }
    let inside = try evaluate(gather, [x, TestArray(type(.i64, 2, 1), [2, 0])])
    XCTAssertEqual(inside[0].values, [5, 6, 1, 2])
  }

  /// Many slices at one place: the same bits for any number of threads, in row-major order.
  func testLargeSumsAreDeterministic() throws {
    let rows: [String: ParameterValue] = [
      "update_window_dims": .ints(1), "inserted_window_dims": .ints(0),
      "scatter_dims_to_operand_dims": .ints(0),
    ]
    let scatter = try ScatterAdd(parameters: rows)
    let types = [type(.f32, 7, 200), type(.i32, 900, 1), type(.f32, 900, 200)]
    let row = OperationCase(scatter, types, [.any, .indices(0...6), .any])
    let operands = row.operands(seed: 12)
    let saved = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(saved) }
    var results: [[TestArray]] = []
    for threads in [1, 2, 5] {
      ThreadPool.setThreadCount(threads)
      results.append(try evaluate(scatter, operands))
    }
    try expectSameBits(results[1], results[0], "2 threads")
    try expectSameBits(results[2], results[0], "5 threads")
    var expected = operands[0].values.map { Float($0) }
    for (update, place) in operands[1].values.enumerated() {
      for column in 0..<200 {
        expected[Int(place) * 200 + column] += Float(operands[2].values[update * 200 + column])
      }
    }
    XCTAssertEqual(results[0][0].values, expected.map(Double.init))
  }
}
