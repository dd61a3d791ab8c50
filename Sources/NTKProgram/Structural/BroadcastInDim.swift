/// Axis i of the operand becomes axis `broadcastDimensions[i]` of the result; along the other axes,
/// and along axes where the operand has size 1, the operand repeats.
public struct BroadcastInDim: View {
  public static let name = "broadcast_in_dim"
  public private(set) var shape: [Int] = []
  public private(set) var broadcastDimensions: [Int] = []

  public init() {}

  public init(shape: [Int], axes: [Int]) {
    self.shape = shape
    broadcastDimensions = axes
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("shape", &shape)
    try coder.code("broadcast_dimensions", &broadcastDimensions)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let operand = operands[0]
    let result = try Shape(shape)
    guard broadcastDimensions.count == operand.rank else {
      throw .parameter(
        "broadcast_dimensions", expected: "\(operand.rank) axes", got: "\(broadcastDimensions)")
    }
    try expectDistinctAxes(broadcastDimensions, rank: result.rank)
    guard zip(broadcastDimensions, broadcastDimensions.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw .parameter(
        "broadcast_dimensions", expected: "increasing axes", got: "\(broadcastDimensions)")
    }
    for (axis, target) in broadcastDimensions.enumerated()
    where operand.shape[axis] != result[target] && operand.shape[axis] != 1 {
      throw .sizesDiffer("broadcast", operand.shape, result)
    }
    return [operand.with(result)]
  }

  /// Operand axes that repeat along a longer axis of the result.
  private func isExpanded(_ axis: Int, _ operand: Shape) -> Bool {
    operand[axis] != shape[broadcastDimensions[axis]]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let operand = operands[0].shape
    var flow = AxisFlow.mapping(
      operand.indices.map { isExpanded($0, operand) ? nil : broadcastDimensions[$0] })
    let untouched = Set(flow.threads.flatMap { $0.results.map(\.axis) })
    flow.repeated = shape.indices.filter { !untouched.contains($0) }.map { AxisReference(0, $0) }
    return flow
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> BroadcastInDim {
    BroadcastInDim(shape: results[0].shape.sizes, axes: broadcastDimensions)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let operand = try b.move(operands[0], axis: axes[0] ?? 0, to: 0)
    let batched = BroadcastInDim(
      shape: [size] + shape, axes: [0] + broadcastDimensions.map { $0 + 1 })
    return (try b.apply(batched, [operand]), [0])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    let expanded = type.shape.indices.filter { isExpanded($0, type.shape) }
    let kept = Set(
      type.shape.indices.filter { !isExpanded($0, type.shape) }.map { broadcastDimensions[$0] })
    let sum = try b.sum(cotangent, axes: shape.indices.filter { !kept.contains($0) })
    return [expanded.isEmpty ? sum : try b.reshape(sum, to: type.shape)]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let source = operands[0].shape
    return LinearForm(
      labels: shape, result: shape.indices.map { [$0] },
      operand: source.indices.map { isExpanded($0, source) ? [] : [broadcastDimensions[$0]] })
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    var strides = [Int](repeating: 0, count: shape.count)
    for (axis, target) in broadcastDimensions.enumerated()
    where operand.sizes[axis] == shape[target] {
      strides[target] = operand.strides[axis]
    }
    return Layout(sizes: shape, strides: strides, offset: operand.offset)
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if b.shape(of: operands[0]).sizes == shape { return operands }
    guard let (primitive, source) = b.definition(of: operands[0]),
      let inner = primitive as? BroadcastInDim
    else { return nil }
    let axes = inner.broadcastDimensions.map { broadcastDimensions[$0] }
    return try b.apply(BroadcastInDim(shape: shape, axes: axes), source)
  }
}
