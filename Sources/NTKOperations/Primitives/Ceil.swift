import CVectorLoops
import NTKProgram

/// The least integer that is at least each element.
public struct Ceil: FloatingUnary, NotDifferentiable {
  public static let name = "ceil"
  static let loop = NTK_LOOP_CEIL

  public init() {}
}
