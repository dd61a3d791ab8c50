import CVectorLoops
import NTKProgram

/// The greater of two operands, element by element; NaN if either is.
public struct Max: Elementwise {
  public static let name = "max"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectOneElementType(operands)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(NTK_LOOP_MAX, operands[0])
  }

  // The tangent of the operand that is the result; where both are, half of each. Where the result
  // is NaN neither is, and the tangent is 0 as in JAX.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let tie = try b.one(Eq(), operands[0], operands[1])
    let share = try b.select(tie, b.full(0.5, like: results[0]), b.full(1, like: results[0]))
    var terms: [Value?] = [nil, nil]
    for index in 0..<2 {
      guard let tangent = tangents[index] else { continue }
      let chosen = try b.one(Eq(), operands[index], results[0])
      terms[index] = try b.select(chosen, b.mul(tangent, share), b.zeros(b.type(of: tangent)))
    }
    return [try b.sum(terms[0], terms[1])]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if operands[0] == operands[1] { return [operands[0]] }
    for (x, y) in [(operands[0], operands[1]), (operands[1], operands[0])] {
      if let literal = b.literal(of: y), literal == .lowest(literal.elementType) { return [x] }
    }
    return nil
  }
}
