import CVectorLoops
import NTKProgram

/// The least element along axes, NaN if one is; the greatest value of the type (floats: inf) where
/// there is none.
public struct ReduceMin: Reduction {
  public static let name = "reduce_min"
  public static let loop = NTK_LOOP_REDUCE_MIN
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
