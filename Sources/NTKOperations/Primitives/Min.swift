import CVectorLoops
import NTKProgram

/// The lesser of two operands, element by element; NaN if either is.
public struct Min: Elementwise {
  public static let name = "min"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectOneElementType(operands)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(NTK_LOOP_MIN, operands[0])
  }

  // As of `max`.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [try b.tangentOfChoice(operands, tangents, chosen: results[0])]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    operands[0] == operands[1] ? [operands[0]] : nil
  }
}
