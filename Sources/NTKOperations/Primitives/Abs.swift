import CVectorLoops
import NTKProgram

/// The magnitude of each element; of the least integer, itself.
public struct Abs: Elementwise {
  public static let name = "abs"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectNumber(operands[0])
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(NTK_LOOP_ABS, operands[0])
  }

  // dx from 0 on, -dx below: 1 at 0, as in JAX.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let isPositive = try b.one(Ge(), operands[0], b.zeros(b.type(of: operands[0])))
    return [try b.select(isPositive, tangent, b.neg(tangent))]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.definition(of: operands[0])?.primitive is Abs ? operands : nil
  }
}
