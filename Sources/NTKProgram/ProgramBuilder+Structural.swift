// The structural vocabulary as methods: all that transforms may emit.
extension ProgramBuilder {
  public mutating func full(_ literal: Literal, _ shape: Shape) throws(NTKError) -> Value {
    try one(Full(literal, shape))
  }

  public mutating func zeros(_ type: ValueType) throws(NTKError) -> Value {
    try full(.zero(type.elementType), type.shape)
  }

  public mutating func ones(_ type: ValueType) throws(NTKError) -> Value {
    try full(.one(type.elementType), type.shape)
  }

  /// Axis i of the value becomes axis `axes[i]` of the result.
  public mutating func broadcast(
    _ value: Value, to shape: Shape, axes: [Int]
  ) throws(NTKError) -> Value {
    if shape == self.shape(of: value) { return value }
    return try one(BroadcastInDim(shape: shape.sizes, axes: axes), value)
  }

  /// With one more axis, along which the value repeats.
  public mutating func broadcast(
    _ value: Value, inserting size: Int, at axis: Int
  ) throws(NTKError) -> Value {
    let shape = self.shape(of: value)
    return try broadcast(
      value, to: shape.inserting(size, at: axis),
      axes: shape.indices.map { $0 < axis ? $0 : $0 + 1 })
  }

  public mutating func transpose(_ value: Value, _ permutation: [Int]) throws(NTKError) -> Value {
    if permutation == Array(permutation.indices) { return value }
    return try one(Transpose(permutation), value)
  }

  /// With an axis moved; the others keep their order.
  public mutating func move(_ value: Value, axis: Int, to target: Int) throws(NTKError) -> Value {
    if axis == target { return value }
    var permutation = Array(shape(of: value).indices)
    permutation.remove(at: axis)
    permutation.insert(axis, at: target)
    return try transpose(value, permutation)
  }

  public mutating func reshape(_ value: Value, to shape: Shape) throws(NTKError) -> Value {
    if shape == self.shape(of: value) { return value }
    return try one(Reshape(shape.sizes), value)
  }

  public mutating func sum(_ value: Value, axes: [Int]) throws(NTKError) -> Value {
    if axes.isEmpty { return value }
    return try one(ReduceSum(axes.sorted()), value)
  }

  public mutating func convert(_ value: Value, to type: ElementType) throws(NTKError) -> Value {
    if type == self.type(of: value).elementType { return value }
    return try one(ConvertElementType(type), value)
  }

  public mutating func add(_ x: Value, _ y: Value) throws(NTKError) -> Value {
    try one(Add(), x, y)
  }

  /// `x` where the condition holds, `y` elsewhere.
  public mutating func select(
    _ condition: Value, _ x: Value, _ y: Value
  ) throws(NTKError) -> Value {
    try one(SelectN(), condition, y, x)
  }

  /// The sum of two cotangents or tangents, either of which may be a symbolic zero.
  public mutating func sum(_ x: Value?, _ y: Value?) throws(NTKError) -> Value? {
    guard let x else { return y }
    guard let y else { return x }
    return try add(x, y)
  }

  /// The value, or zeros of the type.
  public mutating func instantiate(
    _ value: Value?, _ type: ValueType
  ) throws(NTKError) -> Value {
    if let value { return value }
    return try zeros(type)
  }

  /// The identity matrix.
  public mutating func identity(
    _ size: Int, _ elementType: ElementType
  ) throws(NTKError) -> Value {
    let shape = [size, size]
    let rows = try one(Iota(.i64, shape, dimension: 0))
    let columns = try one(Iota(.i64, shape, dimension: 1))
    return try convert(one(Eq(), rows, columns), to: elementType)
  }

  /// Brings the mapped axes of operands to one place and gives every operand the axis: how an
  /// operation that works position by position is batched.
  public mutating func alignBatch(
    _ operands: [Value], _ axes: [Int?], size: Int
  ) throws(NTKError) -> (operands: [Value], axis: Int) {
    let axis = axes.lazy.compactMap { $0 }.first ?? 0
    var aligned: [Value] = []
    for (operand, own) in zip(operands, axes) {
      aligned.append(try atBatchAxis(operand, own, axis, size: size))
    }
    return (aligned, axis)
  }

  /// The operand with its mapped axis moved to the front, or a new one put there.
  public mutating func atBatchAxis(
    _ operand: Value, _ axis: Int?, _ target: Int, size: Int
  ) throws(NTKError) -> Value {
    if let axis { return try move(operand, axis: axis, to: target) }
    return try broadcast(operand, inserting: size, at: target)
  }
}
