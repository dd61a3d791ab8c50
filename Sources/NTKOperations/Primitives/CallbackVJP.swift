import NTKProgram

/// Cotangents of a callback's floating operands: (operands, cotangents of floating results), linear
/// in the cotangents.
public struct CallbackVJP: LinearInOperands {
  public static let name = "callback_vjp"
  var signature = CallbackSignature()
  public internal(set) var primalCount = 0

  public init() {}

  init(_ signature: CallbackSignature, primalCount: Int) {
    self.signature = signature
    self.primalCount = primalCount
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try signature.code(&coder)
    try coder.code("num_primals", &primalCount)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try expectCount(primalCount, "num_primals", atMost: operands.count)
    guard Array(operands.dropFirst(primalCount)) == (try signature.results().filter(\.isFloating))
    else {
      throw .operandCount(
        expected: "\(primalCount) operands and cotangents of the floating results",
        got: operands.count)
    }
    return operands.prefix(primalCount).filter(\.isFloating)
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow { .opaque }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CallbackVJP { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    try signature.batched(self, operands, axes, size: size, in: &b) {
      CallbackVJP($0, primalCount: primalCount)
    }
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    try signature.call(\.vjp, "a vjp", context)
  }

  public func isLinear(known: [Bool]) -> Bool {
    known.prefix(primalCount).allSatisfy { $0 } && !known.dropFirst(primalCount).contains(true)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    try b.linearTangents(self, primalCount, operands, tangents)
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let primals = operands.prefix(primalCount).compactMap(\.value)
    var given = primals
    var cotangents = cotangents.makeIterator()
    for type in b.types(of: primals) where type.isFloating {
      let cotangent = cotangents.next() ?? nil
      given.append(try b.instantiate(cotangent, type))
    }
    let pushed = try b.apply(CallbackJVP(signature, primalCount: primalCount), given)
    return [Value?](repeating: nil, count: primalCount) + pushed
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }
}
