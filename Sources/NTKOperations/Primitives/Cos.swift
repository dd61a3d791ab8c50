import CVectorLoops
import NTKProgram

/// The cosine of each element.
public struct Cos: FloatingUnary, Chained {
  public static let name = "cos"
  static let loop = NTK_LOOP_COS

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? { try b.neg(b.one(Sin(), x)) }
}
