import NTKProgram

/// Tangents of a callback's floating results: (operands, tangents of floating operands), linear in
/// the tangents.
public struct CallbackJVP: LinearInOperands {
  public static let name = "callback_jvp"
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
    let tangents = operands.prefix(primalCount).filter(\.isFloating)
    guard Array(operands.dropFirst(primalCount)) == tangents else {
      throw .operandCount(
        expected: "\(primalCount) operands and tangents of the floating ones",
        got: operands.count)
    }
    return try signature.results().filter(\.isFloating)
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow { .opaque }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CallbackJVP { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    try signature.batched(self, operands, axes, size: size, in: &b) {
      CallbackJVP($0, primalCount: primalCount)
    }
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    try signature.call(\.jvp, "a jvp", context)
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
    var given = operands.prefix(primalCount).compactMap(\.value)
    for (cotangent, type) in zip(cotangents, try signature.results().filter(\.isFloating)) {
      given.append(try b.instantiate(cotangent, type))
    }
    let pulled = try b.apply(CallbackVJP(signature, primalCount: primalCount), given)
    return [Value?](repeating: nil, count: primalCount) + pulled
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }
}

extension ProgramBuilder {
  /// The tangents of an operation that is linear in the operands from `start` on, of which the others
  /// have no derivative that is known.
  mutating func linearTangents(
    _ primitive: some Primitive, _ start: Int, _ operands: [Value], _ tangents: [Value?]
  ) throws(NTKError) -> [Value?] {
    guard tangents.prefix(start).allSatisfy({ $0 == nil }) else {
      throw .unsupported(
        "a second derivative of a callback: its jvp and vjp have none; call it inside a custom_jvp "
          + "function")
    }
    var given = Array(operands.prefix(start))
    for (operand, tangent) in zip(operands, tangents).dropFirst(start) {
      given.append(try instantiate(tangent, type(of: operand)))
    }
    return try apply(primitive, given)
  }
}
