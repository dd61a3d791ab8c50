import CVectorLoops
import NTKProgram

/// The bitwise "or" along axes; no bit set (false) where there is nothing.
public struct ReduceOr: BitwiseReduction {
  public static let name = "reduce_or"
  public static let loop = NTK_LOOP_REDUCE_OR
  public var axes: [Int] = []

  public init() {}
}
