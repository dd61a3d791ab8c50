import CVectorLoops
import NTKProgram

/// `1 - erf(x)` of each element, precise where it is small.
public struct Erfc: FloatingUnary, Chained {
  public static let name = "erfc"
  static let loop = NTK_LOOP_ERFC

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.gaussian(x, scale: -1.128_379_167_095_512_573_9)
  }
}
