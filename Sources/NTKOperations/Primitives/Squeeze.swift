import NTKProgram

/// The operand without some axes of size 1.
public struct Squeeze: View {
  public static let name = "squeeze"
  public private(set) var dimensions: [Int] = []

  public init() {}
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("dimensions", &dimensions)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let shape = operands[0].shape
    try expectDistinctAxes(dimensions, rank: shape.rank)
    guard dimensions.allSatisfy({ shape[$0] == 1 }) else {
      throw .shape("operand 0", expected: "size 1 on axes \(dimensions)", got: shape)
    }
    return [operands[0].with(shape.removing(dimensions))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var next = 0
    return .mapping(
      operands[0].shape.indices.map { axis in
        if dimensions.contains(axis) { return nil }
        next += 1
        return next - 1
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Squeeze { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    let shifted = dimensions.map { $0 < batch ? $0 : $0 + 1 }
    let result = try b.apply(Squeeze(shifted), operands)
    return (result, [batch - shifted.filter { $0 < batch }.count])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    return [try b.reshape(cotangent, to: type.shape)]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let shape = operands[0].shape
    return LinearForm(
      labels: shape.sizes,
      result: shape.indices.filter { !dimensions.contains($0) }.map { [$0] },
      operand: shape.indices.map { [$0] })
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    let kept = operand.sizes.indices.filter { !dimensions.contains($0) }
    return Layout(
      sizes: kept.map { operand.sizes[$0] }, strides: kept.map { operand.strides[$0] },
      offset: operand.offset)
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    dimensions.isEmpty ? operands : nil
  }
}
