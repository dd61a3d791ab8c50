import NTKProgram

/// The parameter `axis`: none (all axes), an axis, or a list of axes; negative ones count from the
/// end.
enum AxisParameter: Hashable, Sendable, ParameterRepresentable {
  case all
  case axes([Int])

  static var parameterKind: String { "an axis, a list of axes, or none" }

  var parameterValue: ParameterValue {
    switch self {
    case .all: .none
    case .axes(let axes): axes.parameterValue
    }
  }

  static func from(_ value: ParameterValue) -> AxisParameter? {
    switch value {
    case .none: .all
    case .int(let axis): .axes([axis])
    default: [Int].from(value).map(AxisParameter.axes)
    }
  }

  /// The axes from 0, sorted.
  /// - Throws: `.axisOutOfRange`, `.repeatedAxis`.
  func axes(rank: Int) throws(NTKError) -> [Int] {
    switch self {
    case .all: return Array(0..<rank)
    case .axes(let axes):
      let normalized = try normalizedAxes(axes, rank: rank)
      return normalized.sorted()
    }
  }
}

/// Axes from 0.
/// - Throws: `.axisOutOfRange`, `.repeatedAxis`.
func normalizedAxes(_ axes: [Int], rank: Int) throws(NTKError) -> [Int] {
  for axis in axes where axis < -rank || axis >= rank {
    throw .axisOutOfRange(axis, rank: rank)
  }
  let normalized = axes.map { $0 < 0 ? $0 + rank : $0 }
  try expectDistinctAxes(normalized, rank: rank)
  return normalized
}

/// A reduction with NumPy's parameters.
protocol AxisFunction: NamedFunction {
  var axis: AxisParameter { get set }
  var keepdims: Bool { get set }

  /// The result without the axes.
  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value
}

extension AxisFunction {
  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axis", &axis, default: .all)
    try coder.code("keepdims", &keepdims, default: false)
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.types(of: operands).expect(count: 1)
    let axes = try axis.axes(rank: b.shape(of: operands[0]).rank)
    let result = try reduce(operands[0], axes: axes, in: &b)
    guard keepdims else { return [result] }
    return [try b.keepingAxes(axes, of: operands[0], result)]
  }
}

extension ProgramBuilder {
  /// A result of a reduction with the reduced axes again, of size 1.
  mutating func keepingAxes(
    _ axes: [Int], of operand: Value, _ result: Value
  ) throws(NTKError) -> Value {
    var sizes = shape(of: operand).sizes
    for axis in axes { sizes[axis] = 1 }
    return try reshape(result, to: try Shape(sizes))
  }

  /// A result of a reduction repeated along the reduced axes.
  mutating func repeating(
    _ axes: [Int], of operand: Value, _ result: Value
  ) throws(NTKError) -> Value {
    let shape = self.shape(of: operand)
    return try broadcast(result, to: shape, axes: shape.indices.filter { !axes.contains($0) })
  }

  /// How many elements a reduction combines into one.
  func reducedCount(_ axes: [Int], of operand: Value) -> Int {
    axes.reduce(1) { $0 * shape(of: operand)[$1] }
  }

  mutating func mean(_ x: Value, axes: [Int]) throws(NTKError) -> Value {
    let total = try sum(x, axes: axes)
    return try div(total, full(Double(reducedCount(axes, of: x)), like: total))
  }

  /// - Throws: `.shape` if there is no element to choose.
  func expectElements(_ axes: [Int], of operand: Value) throws(NTKError) {
    let shape = self.shape(of: operand)
    guard axes.allSatisfy({ shape[$0] > 0 }) else {
      throw .shape(
        "operand 0", expected: "at least one element along the reduced axes", got: shape)
    }
  }
}

/// The sum along axes. As in NumPy, bool and i32 are added as i64, u8 and u32 as u64.
struct Sum: AxisFunction {
  let name = "np.sum"
  var axis = AxisParameter.all
  var keepdims = false

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    let wide: ElementType =
      switch b.type(of: x).elementType {
      case .bool, .i32: .i64
      case .u8, .u32: .u64
      case let type: type
      }
    return try b.sum(b.convert(x, to: wide), axes: axes)
  }
}

/// The greatest along axes.
struct Greatest: AxisFunction {
  let name = "np.max"
  var axis = AxisParameter.all
  var keepdims = false

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    try b.expectElements(axes, of: x)
    return try b.one(ReduceMax(axes), x)
  }
}

/// The least along axes.
struct Least: AxisFunction {
  let name = "np.min"
  var axis = AxisParameter.all
  var keepdims = false

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    try b.expectElements(axes, of: x)
    return try b.one(ReduceMin(axes), x)
  }
}

/// The mean along axes; NaN of nothing.
struct Mean: AxisFunction {
  let name = "np.mean"
  var axis = AxisParameter.all
  var keepdims = false

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    try b.mean(b.oneFloating([x]), axes: axes)
  }
}

/// The mean squared distance from the mean along axes, with `n - ddof` for n.
struct Variance: AxisFunction {
  let name = "np.var"
  var axis = AxisParameter.all
  var keepdims = false
  var ddof = 0

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axis", &axis, default: .all)
    try coder.code("keepdims", &keepdims, default: false)
    try coder.code("ddof", &ddof, default: 0)
  }

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    let mean = try b.mean(b.oneFloating([x]), axes: axes)
    let centered = try b.sub(x, b.repeating(axes, of: x, mean))
    let total = try b.sum(b.one(IntegerPow(2), centered), axes: axes)
    let count = Double(b.reducedCount(axes, of: x)) - Double(ddof)
    return try b.div(total, b.full(max(count, 0), like: total))
  }
}
