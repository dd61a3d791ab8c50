import CVectorLoops
import NTKProgram

/// Whether the first operand is less than the second, element by element.
public struct Lt: Comparison {
  public static let name = "lt"
  public static let loop = NTK_LOOP_LT

  public init() {}
}
