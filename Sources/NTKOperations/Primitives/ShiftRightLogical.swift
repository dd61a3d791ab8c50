import CVectorLoops
import NTKProgram

/// The bits of the first operand moved down by as many places as the second says; zeros follow.
public struct ShiftRightLogical: Shift {
  public static let name = "shift_right_logical"
  static let loop = NTK_LOOP_SHIFT_RIGHT_LOGICAL

  public init() {}
}
