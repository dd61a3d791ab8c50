import CVectorLoops
import NTKProgram

/// The hyperbolic tangent of each element.
public struct Tanh: FloatingUnary, Chained {
  public static let name = "tanh"
  static let loop = NTK_LOOP_TANH

  public init() {}

  /// `(1 - y)(1 + y)`: near saturation `1 - y` is exact and `1 - y²` is not.
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let one = try b.full(1, like: y)
    return try b.mul(b.sub(one, y), b.add(one, y))
  }
}
