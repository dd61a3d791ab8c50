import CVectorLoops
import NTKProgram

/// The bits of the first operand moved up by as many places as the second says; zeros follow.
public struct ShiftLeft: Shift {
  public static let name = "shift_left"
  static let loop = NTK_LOOP_SHIFT_LEFT

  public init() {}
}
