import NTKProgram

/// A function of one operand, element by element.
struct UnaryFunction: NamedFunction {
  let name: String
  let body: @Sendable (Value, inout ProgramBuilder) throws(NTKError) -> Value

  init(
    _ name: String,
    _ body: @escaping @Sendable (Value, inout ProgramBuilder) throws(NTKError) -> Value
  ) {
    self.name = name
    self.body = body
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.types(of: operands).expect(count: 1)
    return [try body(operands[0], &b)]
  }
}

let unaryFunctions: [any NamedFunction] = [
  UnaryFunction("np.abs") { x, b throws(NTKError) in try b.abs(x) },
  UnaryFunction("np.sign") { x, b throws(NTKError) in try b.sign(x) },
  UnaryFunction("np.square") { x, b throws(NTKError) in try b.one(IntegerPow(2), x) },
]

extension ProgramBuilder {
  /// The magnitude; at 0 it is +0 and its derivative 1, as JAX's; the least integer is its own.
  mutating func abs(_ x: Value) throws(NTKError) -> Value {
    let type = self.type(of: x)
    guard type.elementType.isSigned else { return x }
    let zero = try zeros(type)
    let isNegative = try one(Lt(), x, zero)
    // -0 + 0 is +0.
    return try select(isNegative, neg(x), type.isFloating ? add(x, zero) : x)
  }

  /// -1, 0, 1, or NaN; its derivative is 0.
  mutating func sign(_ x: Value) throws(NTKError) -> Value {
    let type = self.type(of: x)
    _ = try expectNumber(type.elementType)
    let zero = try zeros(type)
    let isPositive = try one(Gt(), x, zero)
    var rest = zero
    if type.elementType.isSigned {
      if type.isFloating {
        // Neither less, nor equal, nor greater: NaN.
        rest = try select(one(Eq(), x, zero), zero, one(StopGradient(), x))
      }
      rest = try select(one(Lt(), x, zero), full(-1, like: x), rest)
    }
    return try select(isPositive, full(1, like: x), rest)
  }
}
