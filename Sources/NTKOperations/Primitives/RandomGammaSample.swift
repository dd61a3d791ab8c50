import NTKProgram

/// The second operand, as samples of the gamma distribution whose shape is the first: they move with
/// it so that their quantiles stay.
public struct RandomGammaSample: Elementwise {
  public static let name = "random_gamma_sample"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectFloats(operands)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    let size = operands[1].byteCount
    return { out, operands, count in
      if UnsafeRawPointer(out) != operands[1] {
        out.copyMemory(from: operands[1], byteCount: count * size)
      }
    }
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let shape = tangents[0] else { return [tangents[1]] }
    let slope = try b.one(RandomGammaGrad(), operands[0], operands[1])
    let moved = try b.mul(shape, slope)
    return [try b.sum(tangents[1], moved)]
  }
}
