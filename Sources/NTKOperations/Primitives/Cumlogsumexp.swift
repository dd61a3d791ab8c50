import NTKProgram

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `log(Σ exp(x))` over the elements of an axis up to each, without overflow.
public struct Cumlogsumexp: CumulativeByPairs {
  public static let name = "cumlogsumexp"
  public internal(set) var axis = 0
  public internal(set) var isReversed = false

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {
    guard elementType.isFloating else {
      throw .elementType("operand 0", expected: "f32 or f64", got: elementType)
    }
  }

  enum Combined: Combination {
    static func combine(_ x: Double, _ y: Double) -> Double {
      let greater = x > y || x != x ? x : y
      let lesser = x > y || x != x ? y : x
      // Infinities of one sign, whose difference is NaN, and NaN.
      if lesser == greater && greater.isInfinite { return greater }
      return greater + log1p(exp(lesser - greater))
    }

    // `check` lets no integers in.
    static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T { max(x, y) }
  }

  // The greater operand as a constant: the derivative of the rest is that of the whole, exactly
  // half and half in a tie.
  static func combine(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let greater = try b.one(StopGradient(), b.one(Max(), x, y))
    let isFinite = try b.one(IsFinite(), greater)
    let offset = try b.select(isFinite, greater, b.zeros(b.type(of: greater)))
    let first = try b.one(Exp(), b.sub(x, offset))
    let second = try b.one(Exp(), b.sub(y, offset))
    let logarithm = try b.one(Log(), b.add(first, second))
    return try b.add(logarithm, offset)
  }
}
