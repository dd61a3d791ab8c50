import CVectorLoops
import NTKProgram

/// The hyperbolic cosine of each element.
public struct Cosh: FloatingUnary, Chained {
  public static let name = "cosh"
  static let loop = NTK_LOOP_COSH

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.one(Sinh(), x)
  }
}
