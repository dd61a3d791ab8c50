import CVectorLoops
import NTKProgram

/// Each element to an integer power, by repeated squaring; below 0, one divided by the positive
/// power. Any number to the power 0 is 1.
public struct IntegerPow: Chained {
  public static let name = "integer_pow"
  public static let operandCount: Int? = 1
  public private(set) var exponent = 1

  public init() {}
  public init(_ exponent: Int) { self.exponent = exponent }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("y", &exponent)
  }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    // Derivatives multiply by the exponent, which a double must hold.
    guard exponent.magnitude <= 1 << 53 else {
      throw .parameter("y", expected: "an integer of up to 53 bits", got: "\(exponent)")
    }
    return try expectNumber(operands[0])
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    guard let loop = ntk_find_integer_pow_loop(operands[0].loop) else { return nil }
    let exponent = Int64(exponent)
    return { loop($0, $1[0], exponent, $2) }
  }

  func derivative(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    if exponent == 0 { return nil }
    if exponent == 1 { return try b.full(1, like: x) }
    return try b.mul(b.full(Double(exponent), like: x), b.one(IntegerPow(exponent - 1), x))
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    switch exponent {
    case 0: [try b.ones(b.type(of: operands[0]))]
    case 1: operands
    case 2: [try b.mul(operands[0], operands[0])]
    default: nil
    }
  }
}
