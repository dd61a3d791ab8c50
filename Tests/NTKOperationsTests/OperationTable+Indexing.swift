import NTKOperations
import NTKProgram

// gather and the scatters together: the slices of the one are the updates of the others.

private struct IndexCase {
  var window: [Int] = []
  var inserted: [Int] = []
  var map: [Int] = []
  var operandBatching: [Int] = []
  var indicesBatching: [Int] = []
  var sliceSizes: [Int] = []
  var array: [Int] = []
  var indices: [Int] = []
  var range = 0...0
}

private let indexCases: [IndexCase] = [
  // Rows of a table, some out of range.
  .init(
    window: [2], inserted: [0], map: [0], sliceSizes: [1, 3], array: [4, 3], indices: [2, 3, 1],
    range: -1...4),
  // Columns; indices without axes of their own.
  .init(
    window: [0], inserted: [1], map: [1], sliceSizes: [2, 1], array: [2, 3], indices: [1],
    range: 0...2),
  // Elements of a vector.
  .init(inserted: [0], map: [0], sliceSizes: [1], array: [5], indices: [4, 1], range: -2...6),
  // Slices that may overlap.
  .init(window: [1], map: [0], sliceSizes: [2], array: [5], indices: [3, 1], range: -1...4),
  // Two indices, in an order of their own, and a slice between axes of the indices.
  .init(
    window: [1], inserted: [0, 2], map: [2, 0], sliceSizes: [1, 2, 1], array: [3, 2, 4],
    indices: [2, 3, 2], range: -1...3),
  // A batching axis, which stands elsewhere in the indices.
  .init(
    window: [2], inserted: [2], map: [2], operandBatching: [1], indicesBatching: [0],
    sliceSizes: [3, 1, 1], array: [3, 2, 4], indices: [2, 3, 1], range: -1...4),
  .init(
    window: [0], inserted: [], map: [1], operandBatching: [0], indicesBatching: [1],
    sliceSizes: [1, 2], array: [2, 4], indices: [3, 2, 1], range: -1...3),
  // No index at all: the whole, again and again.
  .init(window: [1], sliceSizes: [2], array: [2], indices: [3, 0], range: 0...0),
  // Part of an axis that no index moves.
  .init(
    window: [1], inserted: [0], map: [0], sliceSizes: [1, 2], array: [3, 4], indices: [2, 1],
    range: 0...2),
  // Nothing to gather, nothing to gather from.
  .init(
    window: [1], inserted: [0], map: [0], sliceSizes: [1, 2], array: [3, 2], indices: [0, 1]),
  .init(
    window: [1], inserted: [0], map: [0], sliceSizes: [1, 2], array: [0, 2], indices: [2, 1],
    range: -1...1),
  .init(
    window: [1], inserted: [0], map: [0], sliceSizes: [1, 0], array: [3, 0], indices: [2, 1],
    range: 0...2),
]

let indexTable: [OperationCase] = {
  var table: [OperationCase] = []
  for row in indexCases {
    table += indexRows(row, mode: "fill", .f64, .i64)
    table += indexRows(row, mode: "clip", .f64, .i64)
    // Where every index is inside, none fails.
    if row.range.lowerBound >= 0, row.array.first != 0 {
      table += indexRows(row, mode: "error", .f64, .i32)
    }
  }
  table += indexRows(indexCases[0], mode: "fill", .f32, .i32)
  table += indexRows(indexCases[4], mode: "fill", .i64, .i32)
  return table + uniqueIndexTable
}()

/// Where no two slices meet: the products have a derivative by the slices.
let uniqueIndexTable: [OperationCase] = [
  IndexCase(window: [1], inserted: [0], map: [0], array: [4, 3], indices: [1, 1], range: 1...1),
  .init(window: [0], map: [0], array: [5], indices: [1], range: 1...3),
  .init(inserted: [0], map: [0], array: [5], indices: [1, 1], range: -1...5),
  .init(
    inserted: [1], map: [1], operandBatching: [0], indicesBatching: [0], array: [3, 4],
    indices: [3, 1], range: -1...4),
].flatMap { row -> [OperationCase] in
  let updates: [[Int]] = [[1, 3], [2], [1], [3]]
  let sizes = updates[row.indices == [1] ? 1 : row.array == [4, 3] ? 0 : row.array == [5] ? 2 : 3]
  return ["fill", "clip"].flatMap { mode in
    ["scatter", "scatter_mul"].map { name in
      var parameters = scatterParameters(row, mode: mode)
      parameters["unique_indices"] = .bool(true)
      return OperationCase(
        operation(name, parameters),
        [
          try! ValueType(.f64, row.array), try! ValueType(.i64, row.indices),
          try! ValueType(.f64, sizes),
        ], [.any, .indices(row.range), .any], step: .one)
    }
  }
}

private func list(_ values: [Int]) -> ParameterValue { .list(values.map(ParameterValue.int)) }

private func scatterParameters(_ row: IndexCase, mode: String) -> [String: ParameterValue] {
  [
    "update_window_dims": list(row.window), "inserted_window_dims": list(row.inserted),
    "scatter_dims_to_operand_dims": list(row.map),
    "operand_batching_dims": list(row.operandBatching),
    "scatter_indices_batching_dims": list(row.indicesBatching), "mode": .string(mode),
  ]
}

private func indexRows(
  _ row: IndexCase, mode: String, _ element: ElementType, _ index: ElementType
) -> [OperationCase] {
  var gather: [String: ParameterValue] = [
    "offset_dims": list(row.window), "collapsed_slice_dims": list(row.inserted),
    "start_index_map": list(row.map), "operand_batching_dims": list(row.operandBatching),
    "start_indices_batching_dims": list(row.indicesBatching), "slice_sizes": list(row.sliceSizes),
  ]
  let scatter = scatterParameters(row, mode: mode)
  gather["mode"] = .string(mode)
  let array = try! ValueType(element, row.array)
  let indices = try! ValueType(index, row.indices)
  let gathering = try! Gather(parameters: gather)
  let slices = try! gathering.resultTypes([array, indices])[0]
  let domain = OperationCase.Domain.indices(row.range)
  let types = [array, indices, slices]
  var rows = [
    OperationCase(gathering, [array, indices], [.any, domain], step: .one),
    OperationCase(
      try! ScatterAdd(parameters: scatter), types, [.any, domain, .any], step: .one),
  ]
  // What the scatters share is put through the laws in every mode above.
  guard mode != "error" else { return rows }
  rows.append(
    OperationCase(operation("scatter", scatter), types, [.any, domain, .any], step: .one))
  let others = mode == "fill" ? ["scatter_mul", "scatter_max", "scatter_min"] : ["scatter_max"]
  for name in others {
    let isProduct = name == "scatter_mul"
    // Products have no derivative by slices that may meet; extremes are away from ties.
    rows.append(
      OperationCase(
        operation(name, scatter), types,
        isProduct ? [.any, domain, .any] : [.indices(0...0), domain, .nonzero],
        step: isProduct ? .one : .small, active: isProduct && element.isFloating ? [0] : nil))
  }
  return rows
}
