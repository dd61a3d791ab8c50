import CVectorLoops
import NTKProgram

/// 2 to the power of each element.
public struct Exp2: FloatingUnary, Chained {
  public static let name = "exp2"
  static let loop = NTK_LOOP_EXP2

  public init() {}

  // y·log 2
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.mul(y, 0.693_147_180_559_945_309_4)
  }
}
