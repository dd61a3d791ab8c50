import NTKProgram

extension ProgramBuilder {
  /// Repeats values to their common shape by NumPy's rule: shapes are aligned at the right, and an
  /// axis of size 1 takes any size.
  /// - Throws: `.shapesDiffer`.
  mutating func broadcastTogether(_ values: [Value]) throws(NTKError) -> [Value] {
    let shapes = values.map { shape(of: $0) }
    let common = try commonShape(shapes)
    var results: [Value] = []
    for value in values { results.append(try broadcast(value, to: common)) }
    return results
  }

  /// The value repeated to a shape by NumPy's rule.
  /// - Throws: `.sizesDiffer`.
  mutating func broadcast(_ value: Value, to shape: Shape) throws(NTKError) -> Value {
    let own = self.shape(of: value)
    let offset = shape.rank - own.rank
    guard offset >= 0,
      own.indices.allSatisfy({ own[$0] == shape[$0 + offset] || own[$0] == 1 })
    else { throw .sizesDiffer("broadcast", own, shape) }
    return try broadcast(value, to: shape, axes: own.indices.map { $0 + offset })
  }
}

/// - Throws: `.shapesDiffer`.
func commonShape(_ shapes: [Shape]) throws(NTKError) -> Shape {
  let rank = shapes.map(\.rank).max() ?? 0
  var sizes = [Int](repeating: 1, count: rank)
  for shape in shapes {
    for axis in shape.indices where shape[axis] != 1 {
      let target = rank - shape.rank + axis
      guard sizes[target] == 1 || sizes[target] == shape[axis] else {
        throw .shapesDiffer(shapes)
      }
      sizes[target] = shape[axis]
    }
  }
  return try Shape(sizes)
}

/// An elementwise function of two operands that broadcasts.
struct BroadcastingFunction: NamedFunction {
  let name: String
  let body: @Sendable (Value, Value, inout ProgramBuilder) throws(NTKError) -> Value

  init(
    _ name: String,
    _ body: @escaping @Sendable (Value, Value, inout ProgramBuilder) throws(NTKError) -> Value
  ) {
    self.name = name
    self.body = body
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try b.oneElementType(operands, count: 2)
    let aligned = try b.broadcastTogether(operands)
    return [try body(aligned[0], aligned[1], &b)]
  }
}

let broadcastingFunctions: [any NamedFunction] = [
  // NumPy's sum and product of truth values are "or" and "and".
  BroadcastingFunction("np.add") { x, y, b throws(NTKError) in
    try b.isBool(x) ? b.one(Or(), x, y) : b.add(x, y)
  },
  BroadcastingFunction("np.subtract") { x, y, b throws(NTKError) in try b.sub(x, y) },
  BroadcastingFunction("np.multiply") { x, y, b throws(NTKError) in
    try b.isBool(x) ? b.one(And(), x, y) : b.mul(x, y)
  },
  // A true division: integers give f64.
  BroadcastingFunction("np.divide") { x, y, b throws(NTKError) in
    try b.div(b.floating(x), b.floating(y))
  },
  BroadcastingFunction("np.maximum") { x, y, b throws(NTKError) in try b.one(Max(), x, y) },
  BroadcastingFunction("np.minimum") { x, y, b throws(NTKError) in try b.minimum(x, y) },
  BroadcastingFunction("np.equal") { x, y, b throws(NTKError) in try b.one(Eq(), x, y) },
  BroadcastingFunction("np.not_equal") { x, y, b throws(NTKError) in try b.one(Ne(), x, y) },
  BroadcastingFunction("np.less") { x, y, b throws(NTKError) in try b.one(Lt(), x, y) },
  BroadcastingFunction("np.less_equal") { x, y, b throws(NTKError) in try b.one(Le(), x, y) },
  BroadcastingFunction("np.greater") { x, y, b throws(NTKError) in try b.one(Gt(), x, y) },
  BroadcastingFunction("np.greater_equal") { x, y, b throws(NTKError) in try b.one(Ge(), x, y) },
  BroadcastingFunction("np.logical_and") { x, y, b throws(NTKError) in
    try b.one(And(), b.expectBool(x), y)
  },
  BroadcastingFunction("np.logical_or") { x, y, b throws(NTKError) in
    try b.one(Or(), b.expectBool(x), y)
  },
]

extension ProgramBuilder {
  func isBool(_ value: Value) -> Bool { type(of: value).elementType == .bool }

  func expectBool(_ value: Value) throws(NTKError) -> Value {
    guard isBool(value) else {
      throw .elementType("operand 0", expected: "bool", got: type(of: value).elementType)
    }
    return value
  }

  /// A floating value as it is, any other as f64.
  mutating func floating(_ value: Value) throws(NTKError) -> Value {
    type(of: value).isFloating ? value : try convert(value, to: .f64)
  }
}

/// `x` where the condition holds, `y` elsewhere.
struct Where: NamedFunction {
  let name = "np.where"

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.types(of: operands).expect(count: 3)
    _ = try b.expectBool(operands[0])
    _ = try b.oneElementType(Array(operands.dropFirst()))
    let aligned = try b.broadcastTogether(operands)
    return [try b.select(aligned[0], aligned[1], aligned[2])]
  }
}

/// The operand repeated to a shape.
struct BroadcastTo: NamedFunction {
  let name = "np.broadcast_to"
  var shape: [Int] = []

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("shape", &shape)
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.types(of: operands).expect(count: 1)
    return [try b.broadcast(operands[0], to: try Shape(shape))]
  }
}
