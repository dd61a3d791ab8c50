import CVectorLoops
import NTKProgram

/// The square root of each element.
public struct Sqrt: FloatingUnary {
  public static let name = "sqrt"
  static let loop = NTK_LOOP_SQRT

  public init() {}

  // dx / 2y: infinite at 0.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    return [try b.div(tangent, b.mul(results[0], 2))]
  }
}
