import CVectorLoops
import NTKProgram

/// -1, 0 or 1 by the sign of each element; 0 of its sign and NaN stay as they are.
public struct Sign: Elementwise, NotDifferentiable {
  public static let name = "sign"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectNumber(operands[0])
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(NTK_LOOP_SIGN, operands[0])
  }
}
