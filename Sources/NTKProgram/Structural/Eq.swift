import CVectorLoops

/// Whether two operands are equal, element by element.
public struct Eq: Comparison {
  public static let name = "eq"
  public static let loop = NTK_LOOP_EQ

  public init() {}
}
