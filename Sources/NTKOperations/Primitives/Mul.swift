import CVectorLoops
import NTKProgram

/// The product of two operands, element by element.
public struct Mul: BinaryArithmetic, Bilinear {
  public static let name = "mul"
  static let loop = NTK_LOOP_MUL

  public init() {}

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    var form = LinearForm.identity(operands[0].shape)
    form.residuals = [.init(1 - operand, form.result)]
    return form
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    var results: [Value?] = [nil, nil]
    for (index, other) in [(0, operands[1]), (1, operands[0])] {
      if let factor = other.value { results[index] = try b.mul(cotangent, factor) }
    }
    return results
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    for (x, y) in [(operands[0], operands[1]), (operands[1], operands[0])] {
      if let literal = b.literal(of: y), literal == .one(literal.elementType) { return [x] }
    }
    return nil
  }
}
