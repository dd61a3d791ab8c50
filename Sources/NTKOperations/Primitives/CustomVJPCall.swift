import NTKProgram

/// A function with its own rule for reverse mode. The operands are consts, which have no derivative,
/// and arguments; `forward` maps them to (results, residuals), `backward` (consts, residuals,
/// cotangents of floating results) to cotangents of floating arguments. Without them there is no
/// derivative.
public struct CustomVJPCall: Call {
  public static let name = "custom_vjp_call"
  public internal(set) var body = Program.empty
  public internal(set) var forward: Program?
  public internal(set) var backward: Program?
  public internal(set) var constCount = 0
  /// What messages call the function.
  public internal(set) var function = ""

  public init() {}

  public init(
    _ body: Program, forward: Program?, backward: Program?, constCount: Int = 0,
    function: String = ""
  ) {
    self.body = body
    self.forward = forward
    self.backward = backward
    self.constCount = constCount
    self.function = function
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("call_jaxpr", &body)
    try coder.code("fwd_jaxpr", &forward, default: nil)
    try coder.code("bwd_jaxpr", &backward, default: nil)
    try coder.code("num_consts", &constCount, default: 0)
    try coder.code("name", &function, default: "")
  }

  public var bodies: [Program] { [body] + [forward, backward].compactMap { $0 } }
  public func callee() -> Program { body }
  public func calleeOperands(_ count: Int) -> [Int] { Array(0..<count) }

  private var activeOperands: [Int] {
    (constCount..<body.inputCount).filter { body.inputTypes[$0].isFloating }
  }
  private var floatingOutputs: [Int] {
    body.outputs.indices.filter { body.outputTypes[$0].isFloating }
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try body.expect("call_jaxpr", inputs: operands, outputs: body.outputTypes)
    try expectCount(constCount, "num_consts", atMost: operands.count)
    guard let forward, let backward else {
      guard forward == nil, backward == nil else {
        throw .parameter("fwd_jaxpr, bwd_jaxpr", expected: "both or none", got: "one")
      }
      return body.outputTypes
    }
    let residuals = Array(forward.outputTypes.dropFirst(body.outputs.count))
    try forward.expect("fwd_jaxpr", inputs: operands, outputs: body.outputTypes + residuals)
    try backward.expect(
      "bwd_jaxpr",
      inputs: operands.prefix(constCount) + residuals
        + floatingOutputs.map { body.outputTypes[$0] },
      outputs: activeOperands.map { operands[$0] })
    return body.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let results = body.outputs.indices.map { Int?($0) }
    guard let forward, let backward else { return try body.axisFlow(outputResults: results) }
    let whole = try Program.build(operands) { b, inputs throws(NTKError) in
      var values = try b.call(body, inputs)
      let pair = try b.call(forward, inputs)
      values += pair.prefix(body.outputs.count)
      let pulled = try b.call(
        backward,
        inputs.prefix(constCount) + pair.dropFirst(body.outputs.count)
          + floatingOutputs.map { pair[$0] })
      // A cotangent has the axes of its argument.
      for (index, value) in zip(activeOperands, pulled) {
        values.append(try b.add(inputs[index], value))
      }
      return values
    }
    return try whole.axisFlow(outputResults: results + results + activeOperands.map { _ in nil })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CustomVJPCall {
    var new = self
    new.body = try body.resized(inputs: operands)
    guard let forward, let backward else { return new }
    let resized = try forward.resized(inputs: operands)
    new.forward = resized
    new.backward = try backward.resized(
      inputs: operands.prefix(constCount) + resized.outputTypes.dropFirst(results.count)
        + floatingOutputs.map { results[$0] })
    return new
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.map { $0 != nil }
    var outputs = try body.outputsMapped(isMapped, size: size)
    var new = self
    if let forward, let backward {
      let mapped = try forward.outputsMapped(isMapped, size: size)
      for index in outputs.indices where mapped[index] { outputs[index] = true }
      let residuals = Array(mapped.dropFirst(outputs.count))
      new.forward = try forward.mappedInFront(isMapped, outputs: outputs + residuals, size: size)
      new.backward = try backward.mappedBackward(
        isMapped.prefix(constCount) + residuals + floatingOutputs.map { outputs[$0] },
        keeping: activeOperands.map { isMapped[$0] }, size: size)
    }
    new.body = try body.mappedInFront(isMapped, outputs: outputs, size: size)
    let results = try b.apply(new, b.withAxisInFront(operands, axes))
    return (results, outputs.map { $0 ? 0 : nil })
  }

  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    guard tangents.prefix(constCount).allSatisfy({ $0 == nil }) else {
      throw .closedOverTangent("custom_vjp", function)
    }
    guard let forward, let backward else { throw .noRuleLeft("custom_vjp", function) }
    let values = try b.call(forward, operands)
    let results = Array(values.prefix(body.outputs.count))
    var given = operands.prefix(constCount) + values.dropFirst(body.outputs.count)
    let knownCount = given.count
    for index in activeOperands {
      given.append(try b.instantiate(tangents[index], body.inputTypes[index]))
    }
    let pushed = try b.apply(CustomLinear(backward, knownCount: knownCount), Array(given))
    var result = [Value?](repeating: nil, count: results.count)
    for (index, tangent) in zip(floatingOutputs, pushed) { result[index] = tangent }
    return (results, result)
  }
}

extension Program {
  /// A rule that gives cotangents, mapped: where an operand is not mapped itself, the cotangents of
  /// all entries are added up.
  func mappedBackward(
    _ inputs: [Bool], keeping isKept: [Bool], size: Int
  ) throws(NTKError) -> Program {
    let mapped = try mappedInFront(inputs, size: size)
    return try Program.build(mapped.inputTypes) { b, values throws(NTKError) in
      var results: [Value] = []
      for (value, isKept) in zip(try b.call(mapped, values), isKept) {
        results.append(isKept ? value : try b.sum(value, axes: [0]))
      }
      return results
    }
  }
}
