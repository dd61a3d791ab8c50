import CVectorLoops
import NTKProgram

/// `exp(-|x|) I₁(x)` of each element.
public struct BesselI1e: FloatingUnary, Chained {
  public static let name = "bessel_i1e"
  static let loop = NTK_LOOP_BESSEL_I1E

  public init() {}

  // I₀e(x) - y (sign(x) + 1/x), whose limit at 0 is 1/2.
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let epsilon = b.type(of: x).elementType == .f32 ? 0x1p-23 : 0x1p-52
    let smallest = try b.full(epsilon, like: x)
    let magnitude = try b.one(Abs(), x)
    let isFar = try b.one(Gt(), magnitude, smallest)
    let safe = try b.select(isFar, x, smallest)
    let one = try b.full(1, like: x)
    let inverse = try b.div(one, safe)
    let sign = try b.one(Sign(), safe)
    let factor = try b.add(sign, inverse)
    let decay = try b.mul(y, factor)
    let zeroth = try b.one(BesselI0e(), safe)
    let slope = try b.sub(zeroth, decay)
    let half = try b.full(0.5, like: x)
    return try b.select(isFar, slope, half)
  }
}
