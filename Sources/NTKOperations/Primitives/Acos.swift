import CVectorLoops
import NTKProgram

/// The inverse cosine of each element, between 0 and π; NaN outside of -1...1.
public struct Acos: FloatingUnary, Chained {
  public static let name = "acos"
  static let loop = NTK_LOOP_ACOS

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let square = try b.mul(x, x)
    let root = try b.one(Rsqrt(), b.sub(b.full(1, like: x), square))
    return try b.neg(root)
  }
}
