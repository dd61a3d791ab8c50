import CVectorLoops
import NTKProgram

/// The bitwise "and" along axes; all bits set (true) where there is nothing.
public struct ReduceAnd: BitwiseReduction {
  public static let name = "reduce_and"
  public static let loop = NTK_LOOP_REDUCE_AND
  public var axes: [Int] = []

  public init() {}
}
