import CVectorLoops
import NTKProgram

/// The bitwise "or" of two operands, element by element.
public struct Or: Bitwise {
  public static let name = "or"
  static let loop = NTK_LOOP_OR

  public init() {}
}
