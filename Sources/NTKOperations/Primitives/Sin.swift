import CVectorLoops
import NTKProgram

/// The sine of each element.
public struct Sin: FloatingUnary, Chained {
  public static let name = "sin"
  static let loop = NTK_LOOP_SIN

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? { try b.one(Cos(), x) }
}
