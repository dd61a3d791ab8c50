import CVectorLoops
import NTKProgram

/// What is left of the first operand after division by the second, with the sign of the first.
/// Integers: 0 where the divisor is 0.
public struct Rem: BinaryArithmetic {
  public static let name = "rem"
  static let loop = NTK_LOOP_REM

  public init() {}

  // d(x - y·trunc(x/y)) = dx - dy·trunc(x/y)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let divisor = tangents[1] else { return [tangents[0]] }
    let quotient = try b.div(operands[0], operands[1])
    let whole = try b.one(Floor(), b.one(Abs(), quotient))
    let term = try b.mul(b.neg(divisor), b.mul(b.one(Sign(), quotient), whole))
    return [try b.sum(tangents[0], term)]
  }
}
