import CVectorLoops
import NTKProgram
import NTKRuntime

/// Slices of an array at places that index vectors give; `jax.lax.gather`.
public struct Gather: LinearInOperands {
  public static let name = "gather"
  var numbers = IndexNumbers()
  public internal(set) var sliceSizes: [Int] = []
  public internal(set) var mode = IndexMode.fill

  public init() {}

  init(_ numbers: IndexNumbers, sliceSizes: [Int], mode: IndexMode) {
    self.numbers = numbers
    self.sliceSizes = sliceSizes
    self.mode = mode
  }

  /// Rows of an array, 0 where an index is outside: (indices, the array's other axes).
  package init(rowsOf array: Shape, at indices: Shape) {
    let places = indices.rank - 1
    numbers.windowDims = (1..<max(array.rank, 1)).map { places + $0 - 1 }
    numbers.insertedDims = [0]
    numbers.indexMap = [0]
    sliceSizes = [1] + array.sizes.dropFirst()
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("offset_dims", &numbers.windowDims)
    try coder.code("collapsed_slice_dims", &numbers.insertedDims)
    try coder.code("start_index_map", &numbers.indexMap)
    try coder.code("operand_batching_dims", &numbers.operandBatching, default: [])
    try coder.code("start_indices_batching_dims", &numbers.indicesBatching, default: [])
    try coder.code("slice_sizes", &sliceSizes)
    try coder.code("mode", &mode, default: .fill)
  }

  private static let names = IndexParameterNames(
    window: "offset_dims", inserted: "collapsed_slice_dims", indexMap: "start_index_map",
    indicesBatching: "start_indices_batching_dims")

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    let (array, indices) = (operands[0].shape, operands[1].shape)
    let rank = numbers.windowDims.count + max(indices.rank - 1, 0)
    try numbers.check(array, operands[1], slicesRank: rank, names: Gather.names)
    guard sliceSizes.count == array.rank else {
      throw .parameter("slice_sizes", expected: "\(array.rank) sizes", got: "\(sliceSizes)")
    }
    for axis in array.indices {
      // A single element may be asked of an axis that has none: all indices are out of range.
      let isSingle = numbers.insertedDims.contains(axis) || numbers.operandBatching.contains(axis)
      guard isSingle ? sliceSizes[axis] == 1 : (0...array[axis]).contains(sliceSizes[axis]) else {
        throw .parameter(
          "slice_sizes", expected: isSingle ? "1 on axis \(axis)" : "0 to \(array[axis])",
          got: "\(sliceSizes)")
      }
    }
    var sizes = [Int](repeating: 0, count: rank)
    for (axis, target) in zip(numbers.windowAxes(rank: array.rank), numbers.windowDims) {
      sizes[target] = sliceSizes[axis]
    }
    for (axis, target) in numbers.scatterDims(rank: rank).enumerated() {
      sizes[target] = indices[axis]
    }
    return [try ValueType(operands[0].elementType, sizes)]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let slices = try resultTypes(operands)[0].shape
    var threads: [AxisFlow.Thread] = []
    for (axis, target) in numbers.scatterDims(rank: slices.rank).enumerated() {
      var thread = AxisFlow.Thread(
        operands: [AxisReference(1, axis)], results: [AxisReference(0, target)])
      if let position = numbers.indicesBatching.firstIndex(of: axis) {
        thread.operands.insert(AxisReference(0, numbers.operandBatching[position]), at: 0)
      }
      threads.append(thread)
    }
    for (axis, target) in numbers.wholeAxes(operands[0].shape, slices) {
      threads.append(
        .init(operands: [AxisReference(0, axis)], results: [AxisReference(0, target)]))
    }
    return AxisFlow(threads)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Gather {
    var copy = self
    for (axis, target) in zip(
      numbers.windowAxes(rank: operands[0].rank), numbers.windowDims)
    {
      copy.sliceSizes[axis] = results[0].shape[target]
    }
    return copy
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var operands = operands
    for index in 0..<2 {
      if let axis = axes[index] { operands[index] = try b.move(operands[index], axis: axis, to: 0) }
    }
    let new =
      switch (axes[0], axes[1]) {
      case (nil, _): Gather(numbers.indicesMapped, sliceSizes: sliceSizes, mode: mode)
      case (_, nil): Gather(numbers.arrayMapped, sliceSizes: [size] + sliceSizes, mode: mode)
      default: Gather(numbers.bothMapped, sliceSizes: [1] + sliceSizes, mode: mode)
      }
    return (try b.apply(new, operands), [0])
  }

  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let (indices, mode) = try numbers.checkedIndices(
      operands[1], mode, b.shape(of: operands[0]), in: &b)
    return [try b.one(Gather(numbers, sliceSizes: sliceSizes, mode: mode), tangent, indices)]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0],
      let indices = operands[1].value
    else { return [nil, nil] }
    let scatter = ScatterAdd(numbers, mode: mode == .error ? .fill : mode)
    return [try b.one(scatter, b.zeros(type), indices, cotangent), nil]
  }

  // y[n, p, d] = u[v, d], v = ids[n, p]; clipped indices are not the table's.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let slices = try resultTypes(operands)[0].shape
    guard operand == 0, mode != .clip,
      let row = numbers.rowForm(operands[0].shape, operands[1].shape, slices)
    else { return nil }
    var form = LinearForm(labels: row.labels, result: row.slices, operand: row.array)
    form.relations = [row.relation]
    return form
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (array, result) = (context.operands[0], context.results[0])
    guard result.elementCount > 0 else { return }
    let plan = IndexPlan(
      numbers, array: array, indices: context.operands[1], slices: result, mode: mode)
    try plan.check()
    let size = array.elementType.byteCount
    let arrayStrides = plan.arrayStrides.map { $0 * size }
    let slicesStrides = plan.slicesStrides.map { $0 * size }
    let noStrides = arrayStrides.map { _ in 0 }
    let run = plan.runCount.map { $0 * size }
    let grain = max(1, (1 << 15) / max(plan.windowCount * size, 16))
    var zero: UInt64 = 0
    withUnsafeBytes(of: &zero) { zero in
      guard let zero = zero.baseAddress else { return }
      ThreadPool.forEachRange(plan.count, grain: grain) { range in
        plan.forEach(range) { offset, slicesOffset in
          let target = result.data + slicesOffset * size
          if let offset, let run {
            target.copyMemory(from: array.data + offset * size, byteCount: run)
          } else {
            let source = offset.map { UnsafeRawPointer(array.data + $0 * size) }
            copyStrided(
              from: source ?? zero, strides: source == nil ? noStrides : arrayStrides,
              to: target, strides: slicesStrides, sizes: plan.windowSizes, itemSize: size)
          }
        }
      }
    }
  }
}
