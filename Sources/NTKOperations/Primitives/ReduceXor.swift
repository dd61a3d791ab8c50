import CVectorLoops
import NTKProgram

/// The bitwise "exclusive or" along axes; no bit set (false) where there is nothing.
public struct ReduceXor: BitwiseReduction {
  public static let name = "reduce_xor"
  public static let loop = NTK_LOOP_REDUCE_XOR
  public var axes: [Int] = []

  public init() {}
}
