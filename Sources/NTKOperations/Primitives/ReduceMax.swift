import CVectorLoops
import NTKProgram

/// The greatest element along axes, NaN if one is; the least value of the type (floats: -inf) where
/// there is none.
public struct ReduceMax: Reduction {
  public static let name = "reduce_max"
  public static let loop = NTK_LOOP_REDUCE_MAX
  public private(set) var axes: [Int] = []

  public init() {}
  public init(_ axes: [Int]) { self.axes = axes }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
  }

  public static func check(_ elementType: ElementType) throws(NTKError) {}

  // The mean of the tangents where the greatest stands. Where the result is NaN it stands nowhere,
  // and 0/0 gives NaN as in JAX.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let type = b.type(of: operands[0])
    // The greatest of no elements is a constant.
    if axes.contains(where: { type.shape[$0] == 0 }) { return [nil] }
    let kept = type.shape.indices.filter { !axes.contains($0) }
    let greatest = try b.broadcast(results[0], to: type.shape, axes: kept)
    let isGreatest = try b.one(Eq(), operands[0], greatest)
    let count = try b.sum(b.convert(isGreatest, to: type.elementType), axes: axes)
    let chosen = try b.select(isGreatest, tangent, b.zeros(type))
    return [try b.div(b.sum(chosen, axes: axes), count)]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let shape = b.shape(of: operands[0])
    guard axes.allSatisfy({ shape[$0] == 1 }) else { return nil }
    return [try b.reshape(operands[0], to: shape.removing(axes))]
  }
}
