import NTKProgram

/// The greatest of the elements of an axis up to each; NaN from the first NaN on.
public struct Cummax: CumulativeByPairs {
  public static let name = "cummax"
  public internal(set) var axis = 0
  public internal(set) var isReversed = false

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {}

  enum Combined: Combination {
    static func combine(_ x: Double, _ y: Double) -> Double { x > y || x != x ? x : y }
    static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T { max(x, y) }
  }

  static func combine(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    try b.one(Max(), x, y)
  }
}
