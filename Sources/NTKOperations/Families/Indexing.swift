import NTKProgram

/// What happens where an index vector points outside of the array.
public enum IndexMode: String, Hashable, Sendable {
  /// A gathered slice is 0, a scattered one is dropped.
  case fill
  /// The slice is moved inside.
  case clip
  /// The run fails.
  case error
}

extension IndexMode: ParameterRepresentable {
  public static var parameterKind: String { "\"fill\", \"clip\" or \"error\"" }
  public var parameterValue: ParameterValue { .string(rawValue) }
  public static func from(_ value: ParameterValue) -> IndexMode? {
    String.from(value).flatMap(IndexMode.init(rawValue:))
  }
}

/// The dimension numbers of gather and scatter: how slices of an array stand in an array of slices,
/// as XLA defines them. The last axis of the indices is the index vector.
struct IndexNumbers: Hashable, Sendable {
  /// Axes of the array of slices that run inside a slice, in order.
  var windowDims: [Int] = []
  /// Axes of the array along which a slice has size 1, and which the array of slices lacks.
  var insertedDims: [Int] = []
  /// The axis of the array that each element of the index vector indexes.
  var indexMap: [Int] = []
  /// Axes that the array and the indices have in common, paired by position.
  var operandBatching: [Int] = []
  var indicesBatching: [Int] = []

  /// Axes of the array that run inside a slice: in order, they are `windowDims`.
  func windowAxes(rank: Int) -> [Int] {
    (0..<rank).filter { !insertedDims.contains($0) && !operandBatching.contains($0) }
  }

  /// Axes of the array of slices that are axes of the indices.
  func scatterDims(rank: Int) -> [Int] { (0..<rank).filter { !windowDims.contains($0) } }

  /// - Throws: `.parameter`, `.elementType`, `.shape`. Names are those of the parameters.
  func check(
    _ array: Shape, _ indices: ValueType, slicesRank: Int, names: IndexParameterNames
  ) throws(NTKError) {
    guard indices.elementType == .i32 || indices.elementType == .i64 else {
      throw .elementType("operand 1", expected: "i32 or i64", got: indices.elementType)
    }
    guard indices.rank >= 1, indices.shape[indices.rank - 1] == indexMap.count else {
      throw .shape(
        "operand 1", expected: "a last axis of size \(indexMap.count), an index vector",
        got: indices.shape)
    }
    try IndexNumbers.checkAxes(windowDims, names.window, rank: slicesRank, isSorted: true)
    try IndexNumbers.checkAxes(insertedDims, names.inserted, rank: array.rank, isSorted: true)
    try IndexNumbers.checkAxes(
      operandBatching, "operand_batching_dims", rank: array.rank, isSorted: true)
    try IndexNumbers.checkAxes(indexMap, names.indexMap, rank: array.rank, isSorted: false)
    try IndexNumbers.checkAxes(
      indicesBatching, names.indicesBatching, rank: indices.rank - 1, isSorted: false)
    for (name, axes) in [(names.inserted, insertedDims), (names.indexMap, indexMap)]
    where axes.contains(where: operandBatching.contains) {
      throw .parameter(name, expected: "none of operand_batching_dims", got: "\(axes)")
    }
    guard operandBatching.count == indicesBatching.count,
      zip(operandBatching, indicesBatching).allSatisfy({ array[$0] == indices.shape[$1] })
    else { throw .sizesDiffer("batching", array, indices.shape) }
    let windowRank = array.rank - insertedDims.count - operandBatching.count
    guard windowDims.count == windowRank else {
      throw .parameter(names.window, expected: "\(windowRank) axes", got: "\(windowDims)")
    }
  }

  private static func checkAxes(
    _ axes: [Int], _ name: String, rank: Int, isSorted: Bool
  ) throws(NTKError) {
    guard axes.allSatisfy({ $0 >= 0 && $0 < rank }), Set(axes).count == axes.count else {
      throw .parameter(name, expected: "distinct axes below \(rank)", got: "\(axes)")
    }
    guard !isSorted || axes == axes.sorted() else {
      throw .parameter(name, expected: "increasing axes", got: "\(axes)")
    }
  }

  /// Pairs of an axis of the array and one of the array of slices whose every slice is whole.
  func wholeAxes(_ array: Shape, _ slices: Shape) -> [(array: Int, slices: Int)] {
    zip(windowAxes(rank: array.rank), windowDims).filter { array[$0] == slices[$1] }.map {
      (array: $0, slices: $1)
    }
  }

  /// For the case in which a single index selects whole rows: the form's labels for the indices'
  /// axes, the array's and the slices'.
  func rowForm(
    _ array: Shape, _ indices: Shape, _ slices: Shape
  ) -> (labels: [Int], array: [[Int]], slices: [[Int]], relation: LinearForm.Relation)? {
    guard indexMap.count == 1, insertedDims == indexMap, operandBatching.isEmpty,
      wholeAxes(array, slices).count == windowDims.count
    else { return nil }
    var form = (labels: array.sizes, array: array.indices.map { [$0] }, slices: [[Int]]())
    form.slices = [[Int]](repeating: [], count: slices.rank)
    for (axis, target) in zip(windowAxes(rank: array.rank), windowDims) {
      form.slices[target] = [axis]
    }
    var indexAxes: [[Int]] = []
    for (axis, target) in scatterDims(rank: slices.rank).enumerated() {
      form.slices[target] = [form.labels.count]
      indexAxes.append([form.labels.count])
      form.labels.append(indices[axis])
    }
    let relation = LinearForm.Relation.table(
      target: indexMap[0], operand: 1, axes: indexAxes + [[]])
    return (form.labels, form.array, form.slices, relation)
  }
}

/// How an operation calls the dimension numbers.
struct IndexParameterNames {
  let window: String
  let inserted: String
  let indexMap: String
  let indicesBatching: String
}

// Batching, with the mapped axis first in every array that has it.
extension IndexNumbers {
  /// The array mapped, indices not: the axis runs inside every slice.
  var arrayMapped: IndexNumbers {
    var new = shiftingArray
    new.windowDims = [0] + windowDims.map { $0 + 1 }
    return new
  }

  /// Indices mapped, the array not: one more axis of indices.
  var indicesMapped: IndexNumbers {
    var new = self
    new.windowDims = windowDims.map { $0 + 1 }
    new.indicesBatching = indicesBatching.map { $0 + 1 }
    return new
  }

  /// Both mapped: one more batching axis.
  var bothMapped: IndexNumbers {
    var new = shiftingArray
    new.windowDims = windowDims.map { $0 + 1 }
    new.operandBatching.insert(0, at: 0)
    new.indicesBatching = [0] + indicesBatching.map { $0 + 1 }
    return new
  }

  private var shiftingArray: IndexNumbers {
    var new = self
    new.insertedDims = insertedDims.map { $0 + 1 }
    new.indexMap = indexMap.map { $0 + 1 }
    new.operandBatching = operandBatching.map { $0 + 1 }
    return new
  }
}

extension IndexNumbers {
  /// Indices and mode for a tangent. Where the operation itself has checked the indices, none is
  /// outside; a single clipped index is clipped beforehand, so that the tangent has a form.
  func checkedIndices(
    _ indices: Value, _ mode: IndexMode, _ array: Shape, in b: inout ProgramBuilder
  ) throws(NTKError) -> (indices: Value, mode: IndexMode) {
    guard mode == .clip, indexMap.count == 1, insertedDims == indexMap, array[indexMap[0]] > 0
    else { return (indices, mode == .error ? .fill : mode) }
    let type = b.type(of: indices)
    let last = try b.full(Literal(array[indexMap[0]] - 1, type.elementType), type.shape)
    let raised = try b.one(Max(), indices, b.zeros(type))
    return (try b.minimum(raised, last), .fill)
  }
}
