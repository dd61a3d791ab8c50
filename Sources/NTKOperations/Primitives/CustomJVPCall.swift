import NTKProgram

/// A function with its own rule for forward mode. The operands are consts, which have no derivative,
/// and arguments; the rule maps (consts, arguments, tangents of floating arguments) to (results,
/// tangents of floating results). Without a rule there is no derivative.
public struct CustomJVPCall: Call {
  public static let name = "custom_jvp_call"
  public internal(set) var body = Program.empty
  public internal(set) var rule: Program?
  public internal(set) var constCount = 0
  /// What messages call the function.
  public internal(set) var function = ""

  public init() {}

  public init(_ body: Program, rule: Program?, constCount: Int = 0, function: String = "") {
    self.body = body
    self.rule = rule
    self.constCount = constCount
    self.function = function
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("call_jaxpr", &body)
    try coder.code("jvp_jaxpr", &rule, default: nil)
    try coder.code("num_consts", &constCount, default: 0)
    try coder.code("name", &function, default: "")
  }

  public var bodies: [Program] { [body] + (rule.map { [$0] } ?? []) }
  public func callee() -> Program { body }
  public func calleeOperands(_ count: Int) -> [Int] { Array(0..<count) }

  private var activeOperands: [Int] {
    (constCount..<body.inputCount).filter { body.inputTypes[$0].isFloating }
  }
  private var activeTypes: [ValueType] { activeOperands.map { body.inputTypes[$0] } }
  private var floatingOutputs: [Int] {
    body.outputs.indices.filter { body.outputTypes[$0].isFloating }
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try body.expect("call_jaxpr", inputs: operands, outputs: body.outputTypes)
    try expectCount(constCount, "num_consts", atMost: operands.count)
    try rule?.expect(
      "jvp_jaxpr", inputs: operands + activeTypes,
      outputs: body.outputTypes + floatingOutputs.map { body.outputTypes[$0] })
    return body.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let results = body.outputs.indices.map { Int?($0) }
    guard let rule else { return try body.axisFlow(outputResults: results) }
    let whole = try Program.build(operands) { b, inputs throws(NTKError) in
      let values = try b.call(body, inputs)
      return values + (try b.call(rule, inputs + activeOperands.map { inputs[$0] }))
    }
    return try whole.axisFlow(outputResults: results + results + floatingOutputs.map { Int?($0) })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CustomJVPCall {
    var new = self
    new.body = try body.resized(inputs: operands)
    new.rule = try rule?.resized(inputs: operands + activeOperands.map { operands[$0] })
    return new
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.map { $0 != nil }
    let withTangents = isMapped + activeOperands.map { isMapped[$0] }
    var outputs = try body.outputsMapped(isMapped, size: size)
    let floating = floatingOutputs
    if let rule {
      let mapped = try rule.outputsMapped(withTangents, size: size)
      for index in outputs.indices where mapped[index] { outputs[index] = true }
      for (index, mapped) in zip(floating, mapped.dropFirst(outputs.count)) where mapped {
        outputs[index] = true
      }
    }
    var new = self
    new.body = try body.mappedInFront(isMapped, outputs: outputs, size: size)
    new.rule = try rule?.mappedInFront(
      withTangents, outputs: outputs + floating.map { outputs[$0] }, size: size)
    let results = try b.apply(new, b.withAxisInFront(operands, axes))
    return (results, outputs.map { $0 ? 0 : nil })
  }

  // The rule's own value stands for the function's, as it may share work with the tangents.
  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    guard tangents.prefix(constCount).allSatisfy({ $0 == nil }) else {
      throw .closedOverTangent("custom_jvp", function)
    }
    guard let rule else { throw .noRuleLeft("custom_jvp", function) }
    var given = operands
    for index in activeOperands {
      given.append(try b.instantiate(tangents[index], body.inputTypes[index]))
    }
    let values = try b.call(rule, given)
    var result = [Value?](repeating: nil, count: body.outputs.count)
    for (index, tangent) in zip(floatingOutputs, values.dropFirst(body.outputs.count)) {
      result[index] = tangent
    }
    return (Array(values.prefix(body.outputs.count)), result)
  }
}

extension NTKError {
  static func closedOverTangent(_ kind: String, _ function: String) -> NTKError {
    .unsupported(
      "differentiation of the \(kind) function '\(function)' by a value that it closes over: its "
        + "rule is for its arguments only, so pass the value as one")
  }

  static func noRuleLeft(_ kind: String, _ function: String) -> NTKError {
    .unsupported(
      "the rule of the \(kind) function '\(function)' calls the function itself, and was traced for "
        + "derivatives of a lower order than this one; differentiate inside the function that is "
        + "traced, or let the rule call a helper")
  }
}
