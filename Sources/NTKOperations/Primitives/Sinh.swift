import CVectorLoops
import NTKProgram

/// The hyperbolic sine of each element.
public struct Sinh: FloatingUnary, Chained {
  public static let name = "sinh"
  static let loop = NTK_LOOP_SINH

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.one(Cosh(), x)
  }
}
