import CVectorLoops
import NTKProgram

/// The bitwise "exclusive or" of two operands, element by element.
public struct Xor: Elementwise, NotDifferentiable {
  public static let name = "xor"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectBits(expectOneElementType(operands))
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(NTK_LOOP_XOR, operands[0])
  }
}
