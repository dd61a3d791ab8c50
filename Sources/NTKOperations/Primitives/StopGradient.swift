import NTKProgram

/// The operand, with no derivative.
public struct StopGradient: Elementwise, ViewPrimitive, NotDifferentiable {
  public static let name = "stop_gradient"
  public static let operandCount: Int? = 1

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    operands[0]
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    let size = operands[0].byteCount
    return { out, operands, count in
      if UnsafeRawPointer(out) != operands[0] {
        out.copyMemory(from: operands[0], byteCount: count * size)
      }
    }
  }

  public var evaluation: EvaluationTraits { .cheap }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? { operand }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    guard let (primitive, _) = b.definition(of: operands[0]), primitive is StopGradient else {
      return nil
    }
    return operands
  }
}
