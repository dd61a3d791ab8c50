import CVectorLoops
import NTKProgram

/// Whether the first operand is at least the second, element by element.
public struct Ge: Comparison {
  public static let name = "ge"
  public static let loop = NTK_LOOP_GE

  public init() {}
}
