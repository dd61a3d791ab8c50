import CVectorLoops

/// Two operands of one type to bool, element by element.
public protocol Comparison: Elementwise, NotDifferentiable {
  static var loop: ntk_binary_operation { get }
}

extension Comparison {
  public static var operandCount: Int? { 2 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    _ = try expectOneElementType(operands)
    return .bool
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(Self.loop, operands[0])
  }
}
