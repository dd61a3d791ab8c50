import CVectorLoops
import NTKProgram

/// The error function of each element.
public struct Erf: FloatingUnary, Chained {
  public static let name = "erf"
  static let loop = NTK_LOOP_ERF

  public init() {}

  // 2/√π · exp(-x²)
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    try b.gaussian(x, scale: 1.128_379_167_095_512_573_9)
  }
}

extension ProgramBuilder {
  /// `scale · exp(-x²)`
  mutating func gaussian(_ x: Value, scale: Double) throws(NTKError) -> Value {
    let square = try mul(x, x)
    let power = try one(Exp(), neg(square))
    return try mul(power, scale)
  }
}
