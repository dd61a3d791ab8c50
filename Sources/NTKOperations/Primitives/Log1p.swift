import CVectorLoops
import NTKProgram

/// `log(1 + x)` of each element, precise near 0.
public struct Log1p: FloatingUnary {
  public static let name = "log1p"
  static let loop = NTK_LOOP_LOG1P

  public init() {}

  // dx / (x + 1)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    return [try b.div(tangent, b.add(operands[0], b.full(1, like: operands[0])))]
  }
}
