import CVectorLoops
import NTKProgram

/// `exp(-|x|) I₀(x)` of each element.
public struct BesselI0e: FloatingUnary, Chained {
  public static let name = "bessel_i0e"
  static let loop = NTK_LOOP_BESSEL_I0E

  public init() {}

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let first = try b.one(BesselI1e(), x)
    let sign = try b.one(Sign(), x)
    let decay = try b.mul(sign, y)
    return try b.sub(first, decay)
  }
}
