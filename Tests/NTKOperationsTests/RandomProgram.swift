import NTKOperations
import NTKProgram

/// Draws valid programs: a pool of values grows by operations on some of them. Shapes stay small
/// and values near 1, so that differences and sums keep their digits.
struct RandomProgram {
  private var b = ProgramBuilder()
  private var pool: [Value] = []
  private var random: Generator
  private static let largest = 48

  /// A program of about `length` operations, and its inputs.
  static func subject(seed: UInt64, length: Int) throws -> Subject {
    var draw = RandomProgram(random: Generator(seed: seed))
    var inputs: [Value] = []
    let shapes = [[2, 3], [3], [3, 2], [], [1, 3], [2, 0], [4]]
    for _ in 0..<(1 + draw.random.below(3)) {
      inputs.append(draw.b.input(try ValueType(.f64, draw.random.element(shapes))))
    }
    let indices = draw.b.input(try ValueType(.i64, [2, 1]))
    draw.pool = inputs
    for _ in 0..<length { try draw.step(indices) }
    let outputs = draw.pool.suffix(3) + [draw.random.element(draw.pool)]
    let program = try draw.b.finish(inputs: inputs + [indices], outputs: Array(outputs))
    let types = program.inputTypes
    return Subject("random program \(seed):\n\(program.text)", program) { seed in
      var generator = Generator(seed: seed)
      return types.map { type in
        let domain: OperationCase.Domain = type.isFloating ? .any : .indices(-1...3)
        return domain.array(type, &generator)
      }
    }
  }

  private init(random: Generator) { self.random = random }

  private mutating func step(_ indices: Value) throws(NTKError) {
    // Mostly from the newest values, so that chains are long.
    let x = random.below(3) > 0 ? random.element(pool.suffix(3)) : random.element(pool)
    let y = random.element(pool)
    let result: Value
    do throws(NTKError) {
      switch random.below(6) {
      case 0: result = try unary(x)
      case 1, 2: result = try binary(x, y)
      case 3: result = try reshaped(x)
      case 4: result = try combined(x, y, indices)
      default: result = try reduced(x)
      }
    } catch {
      // Operands that do not fit: another draw.
      return
    }
    if b.shape(of: result).elementCount <= Self.largest, b.shape(of: result).rank <= 4 {
      pool.append(result)
    }
  }

  private mutating func call(
    _ name: String, _ operands: Value..., parameters: [String: ParameterValue] = [:]
  ) throws(NTKError) -> Value {
    try applyNamed(name, operands, parameters, in: &b)[0]
  }

  private mutating func unary(_ x: Value) throws(NTKError) -> Value {
    let tame = try b.one(Tanh(), x)
    switch random.below(8) {
    case 0: return tame
    case 1: return try b.one(Exp(), tame)
    case 2: return try b.one(Logistic(), x)
    case 3: return try b.one(Neg(), x)
    case 4: return try b.one(IntegerPow(3), tame)
    case 5: return try call("np.abs", x)
    case 6:
      let square = try b.one(IntegerPow(2), tame)
      let one = try b.ones(b.type(of: square))
      return try call(random.below(2) == 0 ? "log" : "sqrt", b.add(square, one))
    default: return try call("np.square", tame)
    }
  }

  private mutating func binary(_ x: Value, _ y: Value) throws(NTKError) -> Value {
    switch random.below(7) {
    case 0: return try call("np.add", x, y)
    case 1: return try call("np.subtract", x, y)
    case 2: return try call("np.multiply", call("tanh", x), y)
    case 3: return try call("np.divide", call("tanh", x), call("exp", call("tanh", y)))
    case 4: return try call("np.maximum", x, y)
    case 5: return try call("np.minimum", x, y)
    default: return try call("np.where", call("np.less", x, y), x, call("np.multiply", x, y))
    }
  }

  private mutating func reduced(_ x: Value) throws(NTKError) -> Value {
    let rank = b.shape(of: x).rank
    let names = ["np.sum", "np.max", "np.min", "np.mean", "np.var", "nn.logsumexp"]
    if random.below(3) == 0 {
      let name = random.below(2) == 0 ? "nn.softmax" : "nn.log_softmax"
      return try call(name, x, parameters: ["axis": .int(random.below(rank))])
    }
    return try call(
      random.element(names), x,
      parameters: [
        "axis": random.below(3) == 0 ? .none : .int(random.below(rank)),
        "keepdims": .bool(random.below(2) == 0),
      ])
  }

  private mutating func reshaped(_ x: Value) throws(NTKError) -> Value {
    let shape = b.shape(of: x)
    let axis = random.below(shape.rank)
    switch random.below(7) {
    case 0: return try b.transpose(x, Array(shape.indices.shuffled(using: &random)))
    case 1: return try b.reshape(x, to: Shape([shape.elementCount]))
    case 2:
      return try b.broadcast(x, inserting: 1 + random.below(3), at: random.below(shape.rank + 1))
    case 3: return try b.one(Rev(shape.indices.filter { _ in random.below(2) == 0 }), x)
    case 4:
      let starts = shape.map { random.below($0 + 1) }
      let limits = zip(shape, starts).map { $1 + random.below($0 - $1 + 1) }
      return try b.one(Slice(starts, limits, strides: shape.map { _ in 1 + random.below(2) }), x)
    case 5:
      let config = shape.map { _ in
        PaddingConfig(random.below(4) - 1, random.below(4) - 1, random.below(2))
      }
      return try b.one(Pad(config), x, b.full(Literal(0.5, .f64), .scalar))
    default:
      // Split an axis in two, or the first two in one.
      var sizes = shape.sizes
      if axis < sizes.count, sizes[axis] % 2 == 0 {
        sizes.replaceSubrange(axis...axis, with: [2, sizes[axis] / 2])
      } else if sizes.count > 1 {
        sizes.replaceSubrange(0...1, with: [sizes[0] * sizes[1]])
      }
      return try b.reshape(x, to: Shape(sizes))
    }
  }

  private mutating func combined(
    _ x: Value, _ y: Value, _ indices: Value
  ) throws(NTKError) -> Value {
    let shape = b.shape(of: x)
    switch random.below(6) {
    case 0: return try call("np.matmul", call("tanh", x), y)
    case 1:
      let subscripts = ["ij,kj->ik", "ij,ik->jk", "ij,j->i", "i,j->ij", "ii->i", "...i,i->..."]
      let drawn = random.element(subscripts)
      let operands = drawn.contains(",") ? [x, y] : [x]
      return try applyNamed("np.einsum", operands, ["subscripts": .string(drawn)], in: &b)[0]
    case 2: return try b.one(Concatenate(random.below(shape.rank)), x, y, x)
    case 3, 4:
      let window = Array(shape.indices.dropFirst())
      let parameters: [String: ParameterValue] = [
        "offset_dims": .list(window.map(ParameterValue.int)), "collapsed_slice_dims": .ints(0),
        "start_index_map": .ints(0),
        "slice_sizes": .list([.int(1)] + shape.dropFirst().map(ParameterValue.int)),
        "mode": .string(random.below(2) == 0 ? "fill" : "clip"),
      ]
      return try call("gather", x, indices, parameters: parameters)
    default:
      let parameters: [String: ParameterValue] = [
        "update_window_dims": .list(shape.indices.dropFirst().map(ParameterValue.int)),
        "inserted_window_dims": .ints(0), "scatter_dims_to_operand_dims": .ints(0),
      ]
      return try call("scatter_add", y, indices, x, parameters: parameters)
    }
  }
}
