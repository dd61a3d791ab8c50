import CVectorLoops
import NTKProgram

/// The greatest element in each window, NaN if one is; the least value of the type (floats: infinite)
/// where there is none.
public struct ReduceWindowMax: WindowReduction {
  public static let name = "reduce_window_max"
  public static let loop = NTK_LOOP_MAX
  public static let reduction = NTK_LOOP_REDUCE_MAX
  public var windows = WindowParameters()

  public init() {}

  public static func check(_ elementType: ElementType) throws(NTKError) {}

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    return [try b.one(SelectAndGatherAdd(windows, .ge), tangent, operands[0])]
  }
}
