import CVectorLoops
import NTKProgram

/// `ψ(x)`, the derivative of `log Γ(x)`, of each element; NaN at the poles.
public struct Digamma: FloatingUnary, Chained {
  public static let name = "digamma"
  static let loop = NTK_LOOP_DIGAMMA

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let one = try b.full(1, like: x)
    return try b.one(Polygamma(), one, x)
  }
}
