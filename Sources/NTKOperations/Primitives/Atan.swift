import CVectorLoops
import NTKProgram

/// The inverse tangent of each element, between -π/2 and π/2.
public struct Atan: FloatingUnary {
  public static let name = "atan"
  static let loop = NTK_LOOP_ATAN

  public init() {}

  // dx / (1 + x²)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let square = try b.mul(operands[0], operands[0])
    return [try b.div(tangent, b.add(b.full(1, like: square), square))]
  }
}
