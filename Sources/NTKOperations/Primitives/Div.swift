import CVectorLoops
import NTKProgram

/// The quotient of two operands, element by element. Integers: truncated, 0 where the divisor is 0.
public struct Div: BinaryArithmetic, LinearInOperands {
  public static let name = "div"
  static let loop = NTK_LOOP_DIV

  public init() {}

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    guard operand == 0 else { return nil }
    var form = LinearForm.identity(operands[0].shape)
    form.residuals = [.init(1, form.result, .reciprocalFactor)]
    return form
  }

  // d(x/y) = dx/y - dy (x/y)/y. JAX has x·y⁻² for (x/y)/y: the same NaNs, but it overflows.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var terms: [Value?] = [nil, nil]
    if let tangent = tangents[0] { terms[0] = try b.div(tangent, operands[1]) }
    if let tangent = tangents[1] {
      let factor = try b.neg(b.div(results[0], operands[1]))
      terms[1] = try b.mul(tangent, factor)
    }
    return [try b.sum(terms[0], terms[1])]
  }

  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let divisor = operands[1].value else { return [nil, nil] }
    return [try b.div(cotangent, divisor), nil]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    guard let literal = b.literal(of: operands[1]), literal == .one(literal.elementType) else {
      return nil
    }
    return [operands[0]]
  }
}
