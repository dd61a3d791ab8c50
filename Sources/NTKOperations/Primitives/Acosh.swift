import CVectorLoops
import NTKProgram

/// The inverse hyperbolic cosine of each element, at least 0; NaN below 1.
public struct Acosh: FloatingUnary, Chained {
  public static let name = "acosh"
  static let loop = NTK_LOOP_ACOSH

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let square = try b.mul(x, x)
    return try b.one(Rsqrt(), b.sub(square, b.full(1, like: x)))
  }
}
