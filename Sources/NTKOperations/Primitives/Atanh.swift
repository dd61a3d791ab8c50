import CVectorLoops
import NTKProgram

/// The inverse hyperbolic tangent of each element: infinite at -1 and 1, NaN outside.
public struct Atanh: FloatingUnary {
  public static let name = "atanh"
  static let loop = NTK_LOOP_ATANH

  public init() {}

  // dx / (1 - x) / (1 + x): near ±1 the factors are exact, 1 - x² is not.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let one = try b.full(1, like: operands[0])
    let below = try b.sub(one, operands[0])
    let above = try b.add(one, operands[0])
    return [try b.div(b.div(tangent, below), above)]
  }
}
