/// Axis i of the result is axis `permutation[i]` of the operand.
public struct Transpose: View {
  public static let name = "transpose"
  public private(set) var permutation: [Int] = []

  public init() {}
  public init(_ permutation: [Int]) { self.permutation = permutation }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("permutation", &permutation)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let shape = operands[0].shape
    guard permutation.sorted() == Array(shape.indices) else {
      throw .notAPermutation(permutation, rank: shape.rank)
    }
    return [operands[0].with(try Shape(permutation.map { shape[$0] }))]
  }

  private var inverse: [Int] {
    var inverse = permutation
    for (target, source) in permutation.enumerated() { inverse[source] = target }
    return inverse
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow { .mapping(inverse) }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Transpose { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    let shifted = permutation.map { $0 < batch ? $0 : $0 + 1 }
    return (try b.apply(Transpose([batch] + shifted), operands), [0])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try b.transpose(cotangent, inverse)]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let shape = operands[0].shape
    return LinearForm(
      labels: shape.sizes, result: permutation.map { [$0] }, operand: shape.indices.map { [$0] })
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    Layout(
      sizes: permutation.map { operand.sizes[$0] },
      strides: permutation.map { operand.strides[$0] },
      offset: operand.offset)
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if permutation == Array(permutation.indices) { return operands }
    guard let (primitive, inner) = b.definition(of: operands[0]),
      let first = primitive as? Transpose
    else { return nil }
    return [try b.transpose(inner[0], permutation.map { first.permutation[$0] })]
  }
}
