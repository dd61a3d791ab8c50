import NTKProgram

extension ProgramBuilder {
  /// x less its greatest along axes, which counts as a constant: exponentials stay below 1.
  mutating func shifted(_ x: Value, axes: [Int]) throws(NTKError) -> Value {
    let greatest = try one(StopGradient(), one(ReduceMax(axes), x))
    return try sub(x, repeating(axes, of: x, greatest))
  }
}

/// A function along one axis, by default the last.
protocol NormalizingFunction: NamedFunction {
  var axis: AxisParameter { get set }
  func normalize(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value
}

extension NormalizingFunction {
  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axis", &axis, default: .axes([-1]))
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    let x = try b.oneFloating(operands)
    let axes = try axis.axes(rank: b.shape(of: x).rank)
    return [try normalize(x, axes: axes, in: &b)]
  }
}

/// `exp(x) / Σ exp(x)` along axes.
struct Softmax: NormalizingFunction {
  let name = "nn.softmax"
  var axis = AxisParameter.axes([-1])

  func normalize(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    let exponentials = try b.one(Exp(), b.shifted(x, axes: axes))
    let total = try b.sum(exponentials, axes: axes)
    return try b.div(exponentials, b.repeating(axes, of: x, total))
  }
}

/// `x - log Σ exp(x)` along axes.
struct LogSoftmax: NormalizingFunction {
  let name = "nn.log_softmax"
  var axis = AxisParameter.axes([-1])

  func normalize(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    let shifted = try b.shifted(x, axes: axes)
    let total = try b.sum(b.one(Exp(), shifted), axes: axes)
    return try b.sub(shifted, b.repeating(axes, of: x, b.one(Log(), total)))
  }
}

/// `log Σ exp(x)` along axes; -inf where every x is -inf.
struct LogSumExp: AxisFunction {
  let name = "nn.logsumexp"
  var axis = AxisParameter.all
  var keepdims = false

  func reduce(_ x: Value, axes: [Int], in b: inout ProgramBuilder) throws(NTKError) -> Value {
    _ = try b.oneFloating([x])
    let greatest = try b.one(ReduceMax(axes), x)
    // An infinite or NaN greatest is no shift: inf - inf would hide what the sum gives.
    let zero = try b.zeros(b.type(of: greatest))
    let isFinite = try b.one(Eq(), b.sub(greatest, greatest), zero)
    let shift = try b.one(StopGradient(), b.select(isFinite, greatest, zero))
    let shifted = try b.sub(x, b.repeating(axes, of: x, shift))
    let total = try b.sum(b.one(Exp(), shifted), axes: axes)
    return try b.add(b.one(Log(), total), shift)
  }
}
