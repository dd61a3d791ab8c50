import CVectorLoops
import NTKProgram

/// The bitwise "and" along axes; all bits set (true) where there is nothing.
public struct ReduceAnd: Reduction, NotDifferentiable {
  public static let name = "reduce_and"
  public static let loop = NTK_LOOP_REDUCE_AND
  public private(set) var axes: [Int] = []

  public init() {}
  public init(_ axes: [Int]) { self.axes = axes }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
  }

  public static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectBits(elementType)
  }
}
