import CVectorLoops
import NTKProgram

/// Whether the first operand is greater than the second, element by element.
public struct Gt: Comparison {
  public static let name = "gt"
  public static let loop = NTK_LOOP_GT

  public init() {}
}
