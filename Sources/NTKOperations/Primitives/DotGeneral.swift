import NTKProgram
import NTKRuntime

/// The general product of two arrays: some axes are summed over, some are batch axes of both. The
/// result has the batch axes, the rest of the left operand's, the rest of the right operand's.
public struct DotGeneral: LinearInOperands {
  public static let name = "dot_general"
  /// Contracting axes of left and right, paired by position.
  public private(set) var contracting: [[Int]] = [[], []]
  /// Batch axes of left and right, paired by position.
  public private(set) var batch: [[Int]] = [[], []]

  public init() {}

  public init(
    contracting: (left: [Int], right: [Int]), batch: (left: [Int], right: [Int]) = ([], [])
  ) {
    self.contracting = [contracting.left, contracting.right]
    self.batch = [batch.left, batch.right]
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    var numbers = [contracting, batch]
    try coder.code("dimension_numbers", &numbers)
    guard numbers.count == 2, numbers.allSatisfy({ $0.count == 2 }) else {
      throw .parameter(
        "dimension_numbers", expected: "[[x_contract, y_contract], [x_batch, y_batch]]",
        got: "\(numbers)")
    }
    contracting = numbers[0]
    batch = numbers[1]
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    let type = operands[0].elementType
    guard operands[1].elementType == type else {
      throw .elementTypesDiffer(operands.map(\.elementType))
    }
    guard type != .bool else { throw .elementType("operand 0", expected: "a number", got: type) }
    let (left, right) = (operands[0].shape, operands[1].shape)
    for (side, shape) in [left, right].enumerated() {
      try expectDistinctAxes(batch[side] + contracting[side], rank: shape.rank)
    }
    for (what, axes) in [("contracting", contracting), ("batch", batch)] {
      guard axes[0].count == axes[1].count,
        zip(axes[0], axes[1]).allSatisfy({ left[$0] == right[$1] })
      else { throw .sizesDiffer(what, left, right) }
    }
    let sizes =
      batch[0].map { left[$0] } + free(0, left.rank).map { left[$0] }
      + free(1, right.rank).map { right[$0] }
    return [try ValueType(type, sizes)]
  }

  /// Axes of a side that are neither batch nor contracting, in order.
  private func free(_ side: Int, _ rank: Int) -> [Int] {
    (0..<rank).filter { !batch[side].contains($0) && !contracting[side].contains($0) }
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var threads: [AxisFlow.Thread] = []
    for (position, (left, right)) in zip(batch[0], batch[1]).enumerated() {
      threads.append(
        .init(
          operands: [AxisReference(0, left), AxisReference(1, right)],
          results: [AxisReference(0, position)]))
    }
    var position = batch[0].count
    for side in 0..<2 {
      for axis in free(side, operands[side].rank) {
        threads.append(
          .init(operands: [AxisReference(side, axis)], results: [AxisReference(0, position)]))
        position += 1
      }
    }
    return AxisFlow(threads)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> DotGeneral { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var new = self
    for side in 0..<2 {
      guard let axis = axes[side] else { continue }
      new.contracting[side] = contracting[side].map { $0 < axis ? $0 : $0 + 1 }
      new.batch[side] = batch[side].map { $0 < axis ? $0 : $0 + 1 }
    }
    let resultAxis: Int
    switch (axes[0], axes[1]) {
    case (let left?, let right?):
      new.batch[0].insert(left, at: 0)
      new.batch[1].insert(right, at: 0)
      resultAxis = 0
    case (let left?, nil):
      let free = new.free(0, b.shape(of: operands[0]).rank)
      resultAxis = batch[0].count + (free.firstIndex(of: left) ?? 0)
    case (nil, let right?):
      let free = new.free(1, b.shape(of: operands[1]).rank)
      resultAxis =
        batch[0].count + new.free(0, b.shape(of: operands[0]).rank).count
        + (free.firstIndex(of: right) ?? 0)
    case (nil, nil): return (try b.apply(self, operands), [nil])
    }
    return (try b.apply(new, operands), [resultAxis])
  }

  public func isLinear(known: [Bool]) -> Bool { known[0] != known[1] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var sum: Value?
    if let tangent = tangents[0] { sum = try b.one(self, tangent, operands[1]) }
    if let tangent = tangents[1] { sum = try b.sum(sum, b.one(self, operands[0], tangent)) }
    return [sum]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let side = operands[0].isLinear ? 0 : 1
    guard let other = operands[1 - side].value, case .linear(let type) = operands[side] else {
      throw .notLinear("'dot_general' of two active operands")
    }
    // The cotangent is (batch, left rest, right rest). Summing over the other side's rest leaves
    // (batch, own rest, the other side's contracting axes in their order).
    let otherRank = b.shape(of: other).rank
    let batchCount = batch[0].count
    let ownFree = free(side, type.rank)
    let otherFree = free(1 - side, otherRank)
    let start = batchCount + (side == 0 ? ownFree.count : 0)
    let product = DotGeneral(
      contracting: (Array(start..<(start + otherFree.count)), otherFree),
      batch: (Array(0..<batchCount), batch[1 - side]))
    let result = try b.one(product, cotangent, other)
    let order = contracting[1 - side].indices.sorted {
      contracting[1 - side][$0] < contracting[1 - side][$1]
    }
    let axes = batch[side] + ownFree + order.map { contracting[side][$0] }
    var permutation = [Int](repeating: 0, count: axes.count)
    for (position, axis) in axes.enumerated() { permutation[axis] = position }
    let moved = try b.transpose(result, permutation)
    return side == 0 ? [moved, nil] : [nil, moved]
  }

  // y[b, m, j] = Σ_k r[b, m, k] u[b, k, j]
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let ranks = operands.map(\.rank)
    var labels = try resultTypes(operands)[0].shape.sizes
    let resultLabels = Array(labels.indices)
    var axes = [
      [Int](repeating: 0, count: ranks[0]), [Int](repeating: 0, count: ranks[1]),
    ]
    for (position, (left, right)) in zip(batch[0], batch[1]).enumerated() {
      axes[0][left] = position
      axes[1][right] = position
    }
    var position = batch[0].count
    for side in 0..<2 {
      for axis in free(side, ranks[side]) {
        axes[side][axis] = position
        position += 1
      }
    }
    for (left, right) in zip(contracting[0], contracting[1]) {
      axes[0][left] = labels.count
      axes[1][right] = labels.count
      labels.append(operands[0].shape[left])
    }
    var form = LinearForm(
      labels: labels, result: resultLabels.map { [$0] }, operand: axes[operand].map { [$0] })
    form.residuals = [.init(1 - operand, axes[1 - operand].map { [$0] })]
    return form
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    ProductPlan(self, layouts, operands[0].elementType).scratchByteCount
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let layouts = context.operands.map { Layout(sizes: $0.sizes, strides: $0.strides) }
    let plan = ProductPlan(self, layouts, context.operands[0].elementType)
    try plan.run(context)
  }

  /// The axes of a side in the order of a stack of matrices: (batch, rest, contracting) or, if
  /// `contractingFirst`, (batch, contracting, rest).
  func groups(_ side: Int, rank: Int) -> (batch: [Int], rest: [Int], contracting: [Int]) {
    (batch[side], free(side, rank), contracting[side])
  }
}
