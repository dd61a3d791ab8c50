import CVectorLoops
import NTKProgram

/// The angle of the point (y, x), y the first operand, between -π and π.
public struct Atan2: BinaryArithmetic {
  public static let name = "atan2"
  static let loop = NTK_LOOP_ATAN2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectFloats(operands)
  }

  // (x·dy - y·dx) / (x² + y²)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let squares = try operands.map { operand throws(NTKError) in try b.mul(operand, operand) }
    let norm = try b.add(squares[0], squares[1])
    var terms: [Value?] = [nil, nil]
    if let tangent = tangents[0] { terms[0] = try b.mul(tangent, b.div(operands[1], norm)) }
    if let tangent = tangents[1] {
      let factor = try b.div(b.neg(operands[0]), norm)
      terms[1] = try b.mul(tangent, factor)
    }
    return [try b.sum(terms[0], terms[1])]
  }
}
