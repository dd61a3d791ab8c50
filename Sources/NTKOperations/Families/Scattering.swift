import CVectorLoops
import NTKProgram
import NTKRuntime

/// Shape aspect: an array combined with slices at places that index vectors give, slices at one
/// place in the order of the index vectors. Slices outside are dropped or moved inside.
protocol Scattering: Primitive {
  var numbers: IndexNumbers { get set }
  var mode: IndexMode { get set }
  /// How an element is combined with a slice's; nil: replaced.
  static var combination: ntk_binary_operation? { get }
  static func check(_ elementType: ElementType) throws(NTKError)
}

extension Scattering {
  init(_ numbers: IndexNumbers, mode: IndexMode) {
    self.init()
    self.numbers = numbers
    self.mode = mode
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try codeIndexing(&coder)
  }

  mutating func codeIndexing(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("update_window_dims", &numbers.windowDims)
    try coder.code("inserted_window_dims", &numbers.insertedDims)
    try coder.code("scatter_dims_to_operand_dims", &numbers.indexMap)
    try coder.code("operand_batching_dims", &numbers.operandBatching, default: [])
    try coder.code("scatter_indices_batching_dims", &numbers.indicesBatching, default: [])
    try coder.code("mode", &mode, default: .fill)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 3)
    let types = [operands[0].elementType, operands[2].elementType]
    guard types[0] == types[1] else { throw .elementTypesDiffer(types) }
    try Self.check(types[0])
    let (array, indices, updates) = (operands[0].shape, operands[1].shape, operands[2].shape)
    try numbers.check(array, operands[1], slicesRank: updates.rank, names: scatterNames)
    let windows = zip(numbers.windowAxes(rank: array.rank), numbers.windowDims)
    guard numbers.scatterDims(rank: updates.rank).map({ updates[$0] }) == indices.sizes.dropLast(),
      windows.allSatisfy({ updates[$1] <= array[$0] })
    else { throw .shapesDiffer([array, indices, updates]) }
    return [operands[0]]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let updates = operands[2].shape
    let scatterDims = numbers.scatterDims(rank: updates.rank)
    var threads: [AxisFlow.Thread] = []
    for (axis, indexAxis) in zip(numbers.operandBatching, numbers.indicesBatching) {
      threads.append(
        .init(
          operands: [
            AxisReference(0, axis), AxisReference(1, indexAxis),
            AxisReference(2, scatterDims[indexAxis]),
          ], results: [AxisReference(0, axis)]))
    }
    for (axis, update) in numbers.wholeAxes(operands[0].shape, updates) {
      threads.append(
        .init(
          operands: [AxisReference(0, axis), AxisReference(2, update)],
          results: [AxisReference(0, axis)]))
    }
    return AxisFlow(threads)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let array = try b.atBatchAxis(operands[0], axes[0], 0, size: size)
    let updates = try b.atBatchAxis(operands[2], axes[2], 0, size: size)
    let new = axes[1] == nil ? numbers.arrayMapped : numbers.bothMapped
    let indices = try axes[1].map { axis throws(NTKError) in
      try b.move(operands[1], axis: axis, to: 0)
    }
    var mapped = self
    mapped.numbers = new
    return (try b.apply(mapped, [array, indices ?? operands[1], updates]), [0])
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (array, updates) = (context.operands[0], context.operands[2])
    let result = context.results[0]
    let size = result.elementType.byteCount
    let plan = IndexPlan(
      numbers, array: result, indices: context.operands[1], slices: updates, mode: mode)
    try plan.check()
    VectorLoops.copy(
      to: result.data, strides: result.byteStrides, from: array.data,
      strides: array.byteStrides, sizes: array.sizes, itemSize: size)
    guard updates.elementCount > 0 else { return }
    // Parts of the slices meet only themselves along an axis that no index moves: each is a task
    // of its own, and every element is still combined in the order of the index vectors.
    let axis = longestFixedAxis(plan, rank: array.sizes.count)
    guard let axis, updates.elementCount >= 1 << 15 else {
      combine(plan, 0..<plan.count, result.data, updates.data, result.elementType)
      return
    }
    let length = plan.windowSizes[axis]
    ThreadPool.forEachRange(length, grain: max(16, (length + 15) / 16)) { range in
      var part = plan
      part.windowSizes[axis] = range.count
      combine(
        part, 0..<plan.count, result.data + range.lowerBound * plan.arrayStrides[axis] * size,
        updates.data + range.lowerBound * plan.slicesStrides[axis] * size, result.elementType)
    }
  }

  private func longestFixedAxis(_ plan: IndexPlan, rank: Int) -> Int? {
    let windowAxes = numbers.windowAxes(rank: rank)
    return plan.windowSizes.indices.filter { !numbers.indexMap.contains(windowAxes[$0]) }
      .max { plan.windowSizes[$0] < plan.windowSizes[$1] }
  }

  private func combine(
    _ plan: IndexPlan, _ range: Range<Int>, _ result: UnsafeMutableRawPointer,
    _ updates: UnsafeRawPointer, _ type: ElementType
  ) {
    guard let step = StridedCombination(plan, type, Self.combination) else { return }
    plan.forEach(range) { offset, updatesOffset in
      guard let offset else { return }
      step.run(
        result + offset * type.byteCount, updates + updatesOffset * type.byteCount)
    }
  }
}

private let scatterNames = IndexParameterNames(
  window: "update_window_dims", inserted: "inserted_window_dims",
  indexMap: "scatter_dims_to_operand_dims", indicesBatching: "scatter_indices_batching_dims")

extension Scattering {
  /// The gathering of what the slices were combined with, or of their cotangents.
  func gather(_ array: Shape, _ updates: Shape, mode: IndexMode) -> Gather {
    var sliceSizes = [Int](repeating: 1, count: array.rank)
    for (axis, update) in zip(numbers.windowAxes(rank: array.rank), numbers.windowDims) {
      sliceSizes[axis] = updates[update]
    }
    return Gather(numbers, sliceSizes: sliceSizes, mode: mode == .error ? .fill : mode)
  }
}
