import NTKProgram

/// The products of the elements of an axis up to each.
public struct Cumprod: CumulativeByPairs {
  public static let name = "cumprod"
  public internal(set) var axis = 0
  public internal(set) var isReversed = false

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectNumber(elementType)
  }

  enum Combined: Combination {
    static func combine(_ x: Double, _ y: Double) -> Double { x * y }
    static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T { x &* y }
  }

  static func combine(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    try b.mul(x, y)
  }
}
