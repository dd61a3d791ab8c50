import CVectorLoops
import NTKProgram

/// Whether two operands differ, element by element.
public struct Ne: Comparison {
  public static let name = "ne"
  public static let loop = NTK_LOOP_NE

  public init() {}
}
