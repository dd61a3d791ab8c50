import CVectorLoops
import NTKProgram

/// One divided by the square root of each element.
public struct Rsqrt: FloatingUnary, Chained {
  public static let name = "rsqrt"
  static let loop = NTK_LOOP_RSQRT

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let quotient = try b.div(y, x)
    return try b.mul(quotient, -0.5)
  }
}
