import CVectorLoops
import NTKProgram

/// The bitwise "or" along axes; no bit set (false) where there is nothing.
public struct ReduceOr: Reduction, NotDifferentiable {
  public static let name = "reduce_or"
  public static let loop = NTK_LOOP_REDUCE_OR
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
