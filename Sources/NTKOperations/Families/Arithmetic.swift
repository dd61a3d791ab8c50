import CVectorLoops
import NTKProgram

/// Two operands of one type, not bool, to the same type.
protocol BinaryArithmetic: Elementwise {
  static var loop: ntk_binary_operation { get }
}

extension BinaryArithmetic {
  public static var operandCount: Int? { 2 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectNumber(expectOneElementType(operands))
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(Self.loop, operands[0])
  }
}

/// One floating operand to the same type.
protocol FloatingUnary: Elementwise {
  static var loop: ntk_unary_operation { get }
}

extension FloatingUnary {
  public static var operandCount: Int? { 1 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    guard operands[0].isFloating else {
      throw .elementType("operand 0", expected: "f32 or f64", got: operands[0])
    }
    return operands[0]
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    unaryBlock(Self.loop, operands[0])
  }
}

/// Two operands of one type, bool or integer, to the same type; bit by bit.
protocol Bitwise: Elementwise, NotDifferentiable {
  static var loop: ntk_binary_operation { get }
}

extension Bitwise {
  public static var operandCount: Int? { 2 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectBits(expectOneElementType(operands))
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(Self.loop, operands[0])
  }

  // x ∧ x = x ∨ x = x
  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    operands[0] == operands[1] ? [operands[0]] : nil
  }
}

/// Bool or integers combined along axes, bit by bit.
protocol BitwiseReduction: Reduction, NotDifferentiable {}

extension BitwiseReduction {
  public static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectBits(elementType)
  }
}

/// - Throws: `.elementType` for bool.
func expectNumber(_ type: ElementType) throws(NTKError) -> ElementType {
  guard type != .bool else { throw .elementType("operand 0", expected: "a number", got: type) }
  return type
}

/// - Throws: `.elementType` for floats.
func expectBits(_ type: ElementType) throws(NTKError) -> ElementType {
  guard !type.isFloating else {
    throw .elementType("operand 0", expected: "bool or an integer", got: type)
  }
  return type
}

extension LinearForm {
  /// y[i] = c·u[i]
  static func scaled(_ shape: Shape, by factor: Double) -> LinearForm {
    var form = LinearForm.identity(shape)
    form.residuals = [.init(-1, [], .scale(factor))]
    return form
  }
}

/// Two integers of one type to the same type: the bits of one moved by the other. By the type's
/// width or more, or by less than 0, every bit is moved out.
protocol Shift: Elementwise, NotDifferentiable {
  static var loop: ntk_binary_operation { get }
}

extension Shift {
  public static var operandCount: Int? { 2 }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    let type = try expectOneElementType(operands)
    guard type.isInteger else {
      throw .elementType("operand 0", expected: "an integer", got: type)
    }
    return type
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    binaryBlock(Self.loop, operands[0])
  }

  // x << 0 = x >> 0 = x
  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.literal(of: operands[1])?.isPositiveZero == true ? [operands[0]] : nil
  }
}

/// - Throws: `.elementTypesDiffer`, `.elementType` unless all are one floating type.
func expectFloats(_ types: [ElementType]) throws(NTKError) -> ElementType {
  let type = try expectOneElementType(types)
  guard type.isFloating else {
    throw .elementType("operand 0", expected: "f32 or f64", got: type)
  }
  return type
}
