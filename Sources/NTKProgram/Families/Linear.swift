/// Derivative aspect: linear, jointly, in all operands; with some known (and not 0) it is affine.
public protocol Linear: LinearInOperands {}

extension Linear {
  public func isLinear(known: [Bool]) -> Bool { !known.contains(true) }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var instantiated: [Value] = []
    for (operand, tangent) in zip(operands, tangents) {
      instantiated.append(try b.instantiate(tangent, b.type(of: operand)))
    }
    return try b.apply(self, instantiated)
  }
}

/// Derivative aspect: the result does not change with small changes of the operands.
public protocol NotDifferentiable: Primitive {}

extension NotDifferentiable {
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    results.map { _ in nil }
  }
}
