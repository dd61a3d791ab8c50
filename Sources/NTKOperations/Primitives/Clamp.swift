import CVectorLoops
import NTKProgram

/// The second operand, at least the first and at most the third, element by element; NaN if one is.
public struct Clamp: Elementwise {
  public static let name = "clamp"
  public static let operandCount: Int? = 3

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectOneElementType(operands)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    guard let greater = ntk_find_binary_loop(NTK_LOOP_MAX, operands[0].loop),
      let lesser = ntk_find_binary_loop(NTK_LOOP_MIN, operands[0].loop)
    else { return nil }
    let (size, piece) = (operands[0].byteCount, 512)
    return { out, operands, count in
      withUnsafeTemporaryAllocation(byteCount: piece * size, alignment: 64) { raised in
        guard let raised = raised.baseAddress else { return }
        for start in stride(from: 0, to: count, by: piece) {
          let length = min(piece, count - start)
          greater(raised, operands[0] + start * size, operands[1] + start * size, length)
          lesser(out + start * size, raised, operands[2] + start * size, length)
        }
      }
    }
  }

  // A bound's tangent where it is the result, the operand's strictly between the bounds.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let (low, x, high) = (operands[0], operands[1], operands[2])
    var result: Value?
    for (index, tangent) in tangents.enumerated() {
      guard let tangent else { continue }
      let holds =
        switch index {
        case 0: try b.one(And(), b.one(Gt(), low, x), b.one(Lt(), low, high))
        case 1: try b.one(And(), b.one(Gt(), x, low), b.one(Lt(), x, high))
        default: try b.one(Lt(), high, x)
        }
      let term = try b.select(holds, tangent, b.zeros(b.type(of: tangent)))
      result = try b.sum(result, term)
    }
    return [result]
  }
}
