import CVectorLoops

/// The sum along axes; 0 where there is nothing to add.
public struct ReduceSum: Reduction, Linear {
  public static let name = "reduce_sum"
  public static let loop = NTK_LOOP_REDUCE_SUM
  public var axes: [Int] = []

  public init() {}

  public static func check(_ elementType: ElementType) throws(NTKError) {
    guard elementType != .bool else {
      throw .elementType("operand 0", expected: "a number", got: elementType)
    }
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    let kept = type.shape.indices.filter { !axes.contains($0) }
    return [try b.broadcast(cotangent, to: type.shape, axes: kept)]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let shape = operands[0].shape
    return LinearForm(
      labels: shape.sizes, result: shape.indices.filter { !axes.contains($0) }.map { [$0] },
      operand: shape.indices.map { [$0] })
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if axes.isEmpty { return operands }
    // A sum over axes of size 1 moves nothing. (x + 0 would turn -0 into 0; a sum of one does too.)
    return nil
  }
}
