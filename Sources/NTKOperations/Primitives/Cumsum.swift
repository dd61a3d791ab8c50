import NTKProgram

/// The sums of the elements of an axis up to each.
public struct Cumsum: Cumulative, Linear {
  public static let name = "cumsum"
  public internal(set) var axis = 0
  public internal(set) var isReversed = false

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectNumber(elementType)
  }

  enum Combined: Combination {
    static func combine(_ x: Double, _ y: Double) -> Double { x + y }
    static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T { x &+ y }
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try b.one(Cumsum(axis: axis, reverse: !isReversed), cotangent)]
  }

  // A form's relations are equations between indices; this would be an inequality.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }
}
