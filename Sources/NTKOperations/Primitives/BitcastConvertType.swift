import CVectorLoops
import NTKProgram

/// The same bits as elements of another type of the same width.
public struct BitcastConvertType: Elementwise, NotDifferentiable {
  public static let name = "bitcast_convert_type"
  public static let operandCount: Int? = 1
  public private(set) var newType = ElementType.u32

  public init() {}
  public init(_ newType: ElementType) { self.newType = newType }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("new_dtype", &newType)
  }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    guard operands[0] != .bool, newType != .bool else {
      throw .elementType("operand 0", expected: "a number, as a number", got: .bool)
    }
    guard operands[0].byteCount == newType.byteCount else {
      throw .parameter(
        "new_dtype", expected: "a type of \(operands[0].byteCount) bytes as \(operands[0].name)",
        got: newType.name)
    }
    return newType
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    let size = newType.byteCount
    return { out, operands, count in
      if UnsafeRawPointer(out) != operands[0] {
        out.copyMemory(from: operands[0], byteCount: count * size)
      }
    }
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.type(of: operands[0]).elementType == newType ? operands : nil
  }
}
