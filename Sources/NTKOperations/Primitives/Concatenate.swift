import NTKProgram
import NTKRuntime

/// The operands one after another along an axis.
public struct Concatenate: Linear {
  public static let name = "concatenate"
  public private(set) var dimension = 0

  public init() {}
  public init(_ dimension: Int) { self.dimension = dimension }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("dimension", &dimension)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard let first = operands.first else {
      throw .operandCount(expected: "at least 1", got: 0)
    }
    _ = try expectOneElementType(operands.map(\.elementType))
    guard first.shape.indices.contains(dimension) else {
      throw .axisOutOfRange(dimension, rank: first.rank)
    }
    let rest = first.shape.removing([dimension])
    var total = 0
    for operand in operands {
      guard operand.rank == first.rank, operand.shape.removing([dimension]) == rest else {
        throw .shapesDiffer(operands.map(\.shape))
      }
      let (sum, overflow) = total.addingReportingOverflow(operand.shape[dimension])
      guard !overflow else { throw .shapeTooLarge(first.shape.sizes) }
      total = sum
    }
    var sizes = first.shape.sizes
    sizes[dimension] = total
    return [first.with(try Shape(sizes))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var flow = AxisFlow.aligned(rank: operands[0].rank, operandCount: operands.count)
    flow.threads.remove(at: dimension)
    return flow
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Concatenate { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let (aligned, axis) = try b.alignBatch(operands, axes, size: size)
    let shifted = dimension < axis ? dimension : dimension + 1
    return (try b.apply(Concatenate(shifted), aligned), [axis])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return operands.map { _ in nil } }
    let whole = b.shape(of: cotangent)
    var start = 0
    var results: [Value?] = []
    for operand in operands {
      let type = operand.value.map { b.type(of: $0) }
      switch operand {
      case .linear(let type):
        let end = start + type.shape[dimension]
        results.append(try b.one(Slice(whole, axis: dimension, start..<end), cotangent))
        start = end
      case .known:
        results.append(nil)
        start += type?.shape[dimension] ?? 0
      }
    }
    return results
  }

  // y[r] = u[k], r = k + what stands before
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    var form = LinearForm.identity(operands[operand].shape)
    guard operands.count > 1 else { return form }
    let sizes = operands.map { $0.shape[dimension] }
    form.result[dimension] = [form.labels.count]
    form.labels.append(sizes.reduce(0, +))
    form.relations = [
      .affine(
        target: form.result[dimension][0], terms: [.init(dimension, 1)],
        offset: sizes[..<operand].reduce(0, +))
    ]
    return form
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let result = context.results[0]
    let size = result.elementType.byteCount
    var target = result.data
    for operand in context.operands {
      VectorLoops.copy(
        to: target, strides: result.byteStrides, from: operand.data,
        strides: operand.byteStrides, sizes: operand.sizes, itemSize: size)
      target += operand.sizes[dimension] * result.strides[dimension] * size
    }
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if operands.count == 1 { return operands }
    let filled = operands.filter { b.shape(of: $0)[dimension] > 0 }
    guard filled.count < operands.count else { return nil }
    switch filled.count {
    case 0: return [operands[0]]
    case 1: return filled
    default: return try b.apply(self, filled)
    }
  }
}
