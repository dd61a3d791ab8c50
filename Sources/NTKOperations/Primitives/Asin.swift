import CVectorLoops
import NTKProgram

/// The inverse sine of each element, between -π/2 and π/2; NaN outside of -1...1.
public struct Asin: FloatingUnary, Chained {
  public static let name = "asin"
  static let loop = NTK_LOOP_ASIN

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let square = try b.mul(x, x)
    return try b.one(Rsqrt(), b.sub(b.full(1, like: x), square))
  }
}
