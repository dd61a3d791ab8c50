import CVectorLoops
import NTKProgram

/// `log |Γ(x)|` of each element.
public struct Lgamma: FloatingUnary, Chained {
  public static let name = "lgamma"
  static let loop = NTK_LOOP_LGAMMA

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.one(Digamma(), x)
  }
}
