import CVectorLoops
import NTKProgram

/// The bitwise "and" of two operands, element by element.
public struct And: Bitwise {
  public static let name = "and"
  static let loop = NTK_LOOP_AND

  public init() {}
}
