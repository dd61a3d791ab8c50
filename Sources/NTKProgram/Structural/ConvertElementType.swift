import CVectorLoops

/// The same numbers in another element type. Float to integer truncates and saturates, NaN gives
/// 0; to bool is "not 0"; integers wrap.
public struct ConvertElementType: Elementwise, LinearInOperands {
  public static let name = "convert_element_type"
  public static let operandCount: Int? = 1
  public private(set) var newType = ElementType.f32

  public init() {}
  public init(_ newType: ElementType) { self.newType = newType }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("new_dtype", &newType)
  }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    newType
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    newType.isFloating && operands[0].isFloating ? .identity(operands[0].shape) : nil
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    guard let loop = ntk_find_convert_loop(newType.loop, operands[0].loop) else { return nil }
    return { loop($0, $1[0], $2) }
  }

  public func isLinear(known: [Bool]) -> Bool { newType.isFloating }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard newType.isFloating, let tangent = tangents[0] else { return [nil] }
    return [try b.convert(tangent, to: newType)]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    return [try b.convert(cotangent, to: type.elementType)]
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.type(of: operands[0]).elementType == newType ? operands : nil
  }
}
