import CVectorLoops
import NTKProgram

/// Each element with its bits inverted; of a bool, the other one.
public struct Not: Elementwise, NotDifferentiable {
  public static let name = "not"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectBits(operands[0])
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(NTK_LOOP_NOT, operands[0])
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    guard let (primitive, inner) = b.definition(of: operands[0]), primitive is Not else {
      return nil
    }
    return inner
  }
}
