import CVectorLoops
import NTKProgram

/// Whether each element is neither infinite nor NaN.
public struct IsFinite: Elementwise, NotDifferentiable {
  public static let name = "is_finite"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    guard operands[0].isFloating else {
      throw .elementType("operand 0", expected: "f32 or f64", got: operands[0])
    }
    return .bool
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(NTK_LOOP_IS_FINITE, operands[0])
  }
}
