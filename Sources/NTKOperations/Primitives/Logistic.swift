import CVectorLoops
import NTKProgram

/// `1 / (1 + exp(-x))` of each element.
public struct Logistic: FloatingUnary, Chained {
  public static let name = "logistic"
  static let loop = NTK_LOOP_LOGISTIC

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.mul(y, b.sub(b.full(1, like: y), y))
  }
}
