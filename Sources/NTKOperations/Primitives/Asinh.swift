import CVectorLoops
import NTKProgram

/// The inverse hyperbolic sine of each element.
public struct Asinh: FloatingUnary, Chained {
  public static let name = "asinh"
  static let loop = NTK_LOOP_ASINH

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let square = try b.mul(x, x)
    return try b.one(Rsqrt(), b.add(square, b.full(1, like: x)))
  }
}
