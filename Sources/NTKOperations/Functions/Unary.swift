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
  UnaryFunction("np.abs") { x, b throws(NTKError) in
    try b.type(of: x).elementType.isSigned ? b.one(Abs(), x) : x
  },
  UnaryFunction("np.sign") { x, b throws(NTKError) in
    let sign = try b.one(Sign(), x)
    // Of -0 it is +0, as NumPy's.
    return try b.type(of: x).isFloating ? b.add(sign, b.zeros(b.type(of: x))) : sign
  },
  UnaryFunction("np.square") { x, b throws(NTKError) in try b.one(IntegerPow(2), x) },
]
