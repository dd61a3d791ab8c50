import CVectorLoops
import NTKProgram

/// The greatest integer that is at most each element.
public struct Floor: FloatingUnary, NotDifferentiable {
  public static let name = "floor"
  static let loop = NTK_LOOP_FLOOR

  public init() {}
}
