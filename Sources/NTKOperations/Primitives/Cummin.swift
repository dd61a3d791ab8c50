import NTKProgram

/// The least of the elements of an axis up to each; NaN from the first NaN on.
public struct Cummin: CumulativeByPairs {
  public static let name = "cummin"
  public internal(set) var axis = 0
  public internal(set) var isReversed = false

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {}

  enum Combined: Combination {
    static func combine(_ x: Double, _ y: Double) -> Double { x < y || x != x ? x : y }
    static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T { min(x, y) }
  }

  static func combine(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    try b.one(Min(), x, y)
  }
}
