import CVectorLoops
import NTKProgram

/// The tangent of each element.
public struct Tan: FloatingUnary, Chained {
  public static let name = "tan"
  static let loop = NTK_LOOP_TAN

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.add(b.full(1, like: y), b.mul(y, y))
  }
}
