import CVectorLoops
import NTKProgram

/// The exponential of each element.
public struct Exp: FloatingUnary, Chained {
  public static let name = "exp"
  static let loop = NTK_LOOP_EXP

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? { y }
}
