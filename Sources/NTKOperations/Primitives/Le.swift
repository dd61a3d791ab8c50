import CVectorLoops
import NTKProgram

/// Whether the first operand is at most the second, element by element.
public struct Le: Comparison {
  public static let name = "le"
  public static let loop = NTK_LOOP_LE

  public init() {}
}
