import NTKProgram

/// The elements in reverse order along some axes.
public struct Rev: View {
  public static let name = "rev"
  public private(set) var dimensions: [Int] = []

  public init() {}
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("dimensions", &dimensions)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    try expectDistinctAxes(dimensions, rank: operands[0].rank)
    return operands
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    .mapping(operands[0].shape.indices.map { dimensions.contains($0) ? nil : $0 })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Rev { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    return (try b.apply(Rev(dimensions.map { $0 < batch ? $0 : $0 + 1 }), operands), [batch])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return try b.apply(self, [cotangent])
  }

  // y[r] = u[size - 1 - r]
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let shape = operands[0].shape
    var form = LinearForm.identity(shape)
    for axis in shape.indices where dimensions.contains(axis) {
      form.result[axis] = [form.labels.count]
      form.labels.append(shape[axis])
      form.relations.append(
        .affine(
          target: axis, terms: [.init(form.result[axis][0], -1)], offset: shape[axis] - 1))
    }
    return form
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    var layout = operand
    for axis in dimensions where layout.sizes[axis] > 0 {
      layout.offset += (layout.sizes[axis] - 1) * layout.strides[axis]
      layout.strides[axis] = -layout.strides[axis]
    }
    return layout
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let shape = b.shape(of: operands[0])
    if dimensions.allSatisfy({ shape[$0] <= 1 }) { return operands }
    guard let (primitive, inner) = b.definition(of: operands[0]), let first = primitive as? Rev,
      Set(first.dimensions) == Set(dimensions)
    else { return nil }
    return inner
  }
}
