import CVectorLoops
import NTKProgram

/// The negative of each element; integers wrap around.
public struct Neg: Elementwise, Linear {
  public static let name = "neg"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectNumber(operands[0])
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    .scaled(operands[0].shape, by: -1)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(NTK_LOOP_NEG, operands[0])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try b.neg(cotangent)]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    guard let (primitive, inner) = b.definition(of: operands[0]), primitive is Neg else {
      return nil
    }
    return inner
  }
}
