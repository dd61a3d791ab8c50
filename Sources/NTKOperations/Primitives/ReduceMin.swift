import CVectorLoops
import NTKProgram

/// The least element along axes, NaN if one is; the greatest value of the type (floats: inf) where
/// there is none.
public struct ReduceMin: Reduction {
  public static let name = "reduce_min"
  public static let loop = NTK_LOOP_REDUCE_MIN
  public private(set) var axes: [Int] = []

  public init() {}
  public init(_ axes: [Int]) { self.axes = axes }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
  }

  public static func check(_ elementType: ElementType) throws(NTKError) {}

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [try b.tangentOfExtreme(operands[0], tangents[0], axes: axes, result: results[0])]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let shape = b.shape(of: operands[0])
    guard axes.allSatisfy({ shape[$0] == 1 }) else { return nil }
    return [try b.reshape(operands[0], to: shape.removing(axes))]
  }
}
