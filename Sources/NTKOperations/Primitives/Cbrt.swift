import CVectorLoops
import NTKProgram

/// The cube root of each element, of its sign.
public struct Cbrt: FloatingUnary, Chained {
  public static let name = "cbrt"
  static let loop = NTK_LOOP_CBRT

  public init() {}

  // y⁻² / 3: infinite at 0.
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let power = try b.one(IntegerPow(-2), y)
    return try b.mul(power, 1 / 3)
  }
}
