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

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [try b.tangentOfChoice(operands, tangents, chosen: results[0])]
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

extension ProgramBuilder {
  /// The tangent of the one of two operands that is the result; where both are, half of each. Where
  /// the result is NaN neither is, and the tangent is 0 as in JAX.
  mutating func tangentOfChoice(
    _ operands: [Value], _ tangents: [Value?], chosen result: Value
  ) throws(NTKError) -> Value? {
    let tie = try one(Eq(), operands[0], operands[1])
    let share = try select(tie, full(0.5, like: result), full(1, like: result))
    var terms: [Value?] = [nil, nil]
    for index in 0..<2 {
      guard let tangent = tangents[index] else { continue }
      let chosen = try one(Eq(), operands[index], result)
      terms[index] = try select(chosen, mul(tangent, share), zeros(type(of: tangent)))
    }
    return try sum(terms[0], terms[1])
  }
}
