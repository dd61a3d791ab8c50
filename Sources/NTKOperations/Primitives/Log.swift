import CVectorLoops
import NTKProgram

/// The natural logarithm of each element.
public struct Log: FloatingUnary {
  public static let name = "log"
  static let loop = NTK_LOOP_LOG

  public init() {}

  // dx / x
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    return [try b.div(tangent, operands[0])]
  }
}
