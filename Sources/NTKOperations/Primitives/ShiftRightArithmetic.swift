import CVectorLoops
import NTKProgram

/// The bits of the first operand moved down by as many places as the second says; copies of the
/// highest bit follow, in unsigned types too.
public struct ShiftRightArithmetic: Shift {
  public static let name = "shift_right_arithmetic"
  static let loop = NTK_LOOP_SHIFT_RIGHT_ARITHMETIC

  public init() {}
}
