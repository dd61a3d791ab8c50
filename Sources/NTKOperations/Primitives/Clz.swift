import CVectorLoops
import NTKProgram

/// The number of zeros before the first bit of each element that is 1.
public struct Clz: BitCount {
  public static let name = "clz"
  static let loop = NTK_LOOP_CLZ

  public init() {}
}
