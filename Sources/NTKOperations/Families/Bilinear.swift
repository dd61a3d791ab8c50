import NTKProgram

/// Derivative aspect: linear in each of two operands, given the other.
protocol Bilinear: LinearInOperands {}

extension Bilinear {
  public func isLinear(known: [Bool]) -> Bool { known[0] != known[1] }

  // d(x·y) = dx·y + x·dy
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var terms: [Value?] = [nil, nil]
    if let tangent = tangents[0] { terms[0] = try b.one(self, tangent, operands[1]) }
    if let tangent = tangents[1] { terms[1] = try b.one(self, operands[0], tangent) }
    return [try b.sum(terms[0], terms[1])]
  }
}
