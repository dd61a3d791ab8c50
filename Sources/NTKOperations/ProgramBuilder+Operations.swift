import NTKProgram

// The arithmetic that rules and functions are written in.
extension ProgramBuilder {
  /// A number everywhere, of the value's type.
  mutating func full(_ number: Double, like value: Value) throws(NTKError) -> Value {
    let type = self.type(of: value)
    return try full(Literal(number, type.elementType), type.shape)
  }

  mutating func neg(_ x: Value) throws(NTKError) -> Value { try one(Neg(), x) }
  mutating func sub(_ x: Value, _ y: Value) throws(NTKError) -> Value { try one(Sub(), x, y) }
  mutating func mul(_ x: Value, _ y: Value) throws(NTKError) -> Value { try one(Mul(), x, y) }
  mutating func div(_ x: Value, _ y: Value) throws(NTKError) -> Value { try one(Div(), x, y) }

  mutating func mul(_ x: Value, _ number: Double) throws(NTKError) -> Value {
    try mul(x, full(number, like: x))
  }

  /// The one value that stands everywhere, if that is known.
  func literal(of value: Value) -> Literal? {
    (definition(of: value)?.primitive as? Full)?.value
  }
}

extension ProgramBuilder {
  /// The lesser of two values, element by element; NaN if either is.
  mutating func minimum(_ x: Value, _ y: Value) throws(NTKError) -> Value {
    try one(Min(), x, y)
  }
}
