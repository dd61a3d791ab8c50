import CVectorLoops
import NTKProgram

/// `exp(x) - 1` of each element, precise near 0.
public struct Expm1: FloatingUnary, Chained {
  public static let name = "expm1"
  static let loop = NTK_LOOP_EXPM1

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.add(y, b.full(1, like: y))
  }
}
