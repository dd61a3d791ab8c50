import CVectorLoops
import NTKProgram

/// Which of two nearest integers a number half way between them is rounded to.
public enum RoundingMethod: Int, Hashable, Sendable {
  case awayFromZero = 0
  case toNearestEven = 1
}

extension RoundingMethod: ParameterRepresentable {
  public static var parameterKind: String { "0 (away from zero) or 1 (to nearest even)" }
  public var parameterValue: ParameterValue { .int(rawValue) }
  public static func from(_ value: ParameterValue) -> RoundingMethod? {
    Int.from(value).flatMap(RoundingMethod.init(rawValue:))
  }
}

/// The nearest integer to each element.
public struct Round: Elementwise, NotDifferentiable {
  public static let name = "round"
  public static let operandCount: Int? = 1
  public private(set) var method = RoundingMethod.awayFromZero

  public init() {}
  public init(_ method: RoundingMethod) { self.method = method }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("rounding_method", &method, default: .awayFromZero)
  }

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    guard operands[0].isFloating else {
      throw .elementType("operand 0", expected: "f32 or f64", got: operands[0])
    }
    return operands[0]
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    switch method {
    case .awayFromZero: unaryBlock(NTK_LOOP_ROUND, operands[0])
    case .toNearestEven: unaryBlock(NTK_LOOP_ROUND_EVEN, operands[0])
    }
  }
}
