import CVectorLoops
import NTKProgram

/// The derivative of `ψ` at the second operand, of the order that the first says; NaN unless that
/// is a whole number from 0 on.
public struct Polygamma: BinaryArithmetic {
  public static let name = "polygamma"
  static let loop = NTK_LOOP_POLYGAMMA

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectFloats(operands)
  }

  // As in JAX there is none by the order, which is 0 or an error: whole numbers are not near others.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard tangents[0] == nil else {
      throw .unsupported("polygamma has no derivative by its order, operand 0")
    }
    guard let tangent = tangents[1] else { return [nil] }
    let next = try b.add(operands[0], b.full(1, like: operands[0]))
    let factor = try b.one(Polygamma(), next, operands[1])
    return [try b.mul(tangent, factor)]
  }
}
