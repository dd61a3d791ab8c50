import CVectorLoops
import NTKProgram

/// The product along axes; 1 where there is nothing to multiply.
public struct ReduceProd: Reduction {
  public static let name = "reduce_prod"
  public static let loop = NTK_LOOP_REDUCE_PROD
  public var axes: [Int] = []

  public init() {}

  public static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectNumber(elementType)
  }

  // The derivative of products of halves, of quarters and so on: no division, so that elements
  // that are 0 are as good as any, in derivatives of every order.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let type = b.type(of: operands[0])
    if axes.contains(where: { type.shape[$0] == 0 }) { return [nil] }
    let halving = try Program.build([type]) { b, inputs throws(NTKError) in
      var x = inputs[0]
      for axis in axes {
        while b.shape(of: x)[axis] > 1 {
          let shape = b.shape(of: x)
          let half = shape[axis] / 2
          let first = try b.one(Slice(shape, axis: axis, 0..<half), x)
          let second = try b.one(Slice(shape, axis: axis, half..<(2 * half)), x)
          let product = try b.mul(first, second)
          guard shape[axis] % 2 == 1 else {
            x = product
            continue
          }
          let odd = try b.one(Slice(shape, axis: axis, (2 * half)..<shape[axis]), x)
          x = try b.one(Concatenate(axis), product, odd)
        }
      }
      return [try b.reshape(x, to: type.shape.removing(axes))]
    }
    return try halving.jvp(operands, [tangent], in: &b).tangents
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    try b.withoutSingleAxes(operands[0], axes)
  }
}
