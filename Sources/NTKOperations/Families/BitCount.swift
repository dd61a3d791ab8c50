import CVectorLoops
import NTKProgram

/// One integer operand to the same type: a number of its bits.
protocol BitCount: Elementwise, NotDifferentiable {
  static var loop: ntk_unary_operation { get }
}

extension BitCount {
  public static var operandCount: Int? { 1 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    guard operands[0].isInteger else {
      throw .elementType("operand 0", expected: "an integer", got: operands[0])
    }
    return operands[0]
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(Self.loop, operands[0])
  }
}
