import NTKProgram

/// Derivative aspect: one operand, element by element, whose tangent is multiplied by a factor.
protocol Chained: Elementwise {
  /// dy/dx at x, where the result is y; nil: 0 everywhere.
  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value?
}

extension Chained {
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0],
      let factor = try derivative(operands[0], results[0], in: &b)
    else { return [nil] }
    return [try b.mul(tangent, factor)]
  }
}
