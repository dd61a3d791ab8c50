import CVectorLoops
import NTKProgram

/// The inverse of the error function at each element: infinite at -1 and 1, NaN outside.
public struct ErfInv: FloatingUnary, Chained {
  public static let name = "erf_inv"
  static let loop = NTK_LOOP_ERF_INV

  public init() {}

  // √π/2 · exp(y²)
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    let square = try b.mul(y, y)
    let power = try b.one(Exp(), square)
    return try b.mul(power, 0.886_226_925_452_758_013_6)
  }
}
