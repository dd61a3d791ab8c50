import CVectorLoops

/// The sum of two operands, element by element.
public struct Add: Elementwise, LinearInOperands {
  public static let name = "add"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    let type = try expectOneElementType(operands)
    guard type != .bool else {
      throw .elementType("operand 0", expected: "a number", got: type)
    }
    return type
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    .identity(operands[operand].shape)
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(NTK_LOOP_ADD, operands[0])
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [try b.sum(tangents[0], tangents[1])]
  }

  // Linear in both together; with one known it is affine.
  public func isLinear(known: [Bool]) -> Bool { !known[0] && !known[1] }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    [cotangents[0], cotangents[0]]
  }
}
