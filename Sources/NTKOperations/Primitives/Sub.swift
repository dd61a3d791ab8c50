import CVectorLoops
import NTKProgram

/// The difference of two operands, element by element.
public struct Sub: BinaryArithmetic, LinearInOperands {
  public static let name = "sub"
  static let loop = NTK_LOOP_SUB

  public init() {}

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    operand == 0 ? .identity(operands[0].shape) : .scaled(operands[1].shape, by: -1)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let subtrahend = tangents[1] else { return [tangents[0]] }
    guard let minuend = tangents[0] else { return [try b.neg(subtrahend)] }
    return [try b.sub(minuend, subtrahend)]
  }

  // Linear in both together; with one known it is affine.
  public func isLinear(known: [Bool]) -> Bool { !known[0] && !known[1] }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    return [cotangent, operands[1].isLinear ? try b.neg(cotangent) : nil]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    // x - (+0) is x, for -0 too; x - (-0) is not.
    if b.literal(of: operands[1])?.isPositiveZero == true { return [operands[0]] }
    // Negation changes the sign alone, so x - (-y) is x + y.
    if let (primitive, inner) = b.definition(of: operands[1]), primitive is Neg {
      return [try b.add(operands[0], inner[0])]
    }
    return nil
  }
}
