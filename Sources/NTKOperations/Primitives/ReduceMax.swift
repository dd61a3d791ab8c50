import CVectorLoops
import NTKProgram

/// The greatest element along axes, NaN if one is; the least value of the type (floats: -inf) where
/// there is none.
public struct ReduceMax: Reduction {
  public static let name = "reduce_max"
  public static let loop = NTK_LOOP_REDUCE_MAX
  public var axes: [Int] = []

  public init() {}

  public static func check(_ elementType: ElementType) throws(NTKError) {}

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [try b.tangentOfExtreme(operands[0], tangents[0], axes: axes, result: results[0])]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    try b.withoutSingleAxes(operands[0], axes)
  }
}

extension ProgramBuilder {
  /// The mean of the tangents where the chosen element stands. Where the result is NaN it stands
  /// nowhere, and 0/0 gives NaN as in JAX.
  mutating func tangentOfExtreme(
    _ operand: Value, _ tangent: Value?, axes: [Int], result: Value
  ) throws(NTKError) -> Value? {
    guard let tangent else { return nil }
    let type = self.type(of: operand)
    // What is chosen of no elements is a constant.
    if axes.contains(where: { type.shape[$0] == 0 }) { return nil }
    let kept = type.shape.indices.filter { !axes.contains($0) }
    let repeated = try broadcast(result, to: type.shape, axes: kept)
    let isChosen = try one(Eq(), operand, repeated)
    let count = try sum(convert(isChosen, to: type.elementType), axes: axes)
    let chosen = try select(isChosen, tangent, zeros(type))
    return try div(sum(chosen, axes: axes), count)
  }
}
