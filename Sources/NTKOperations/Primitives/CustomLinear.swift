import NTKProgram

/// The linear map of which a program gives the transpose: (known, tangents) -> tangents, where
/// `backward` maps (known, cotangents of the results) to cotangents of the tangents. Its value is
/// that of `backward` transposed; reverse mode runs `backward` itself, be it linear or not.
public struct CustomLinear: Call {
  public static let name = "custom_lin"
  public internal(set) var backward = Program.empty
  public internal(set) var knownCount = 0

  public init() {}

  public init(_ backward: Program, knownCount: Int) {
    self.backward = backward
    self.knownCount = knownCount
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("bwd_jaxpr", &backward)
    try coder.code("num_res", &knownCount)
  }

  public var bodies: [Program] { [backward] }
  public var evaluation: EvaluationTraits { .reverseOnly }

  public func callee() throws(NTKError) -> Program {
    try backward.transposed(active: Array(knownCount..<backward.inputCount))
  }

  public func calleeOperands(_ count: Int) -> [Int] { Array(0..<count) }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try expectCount(knownCount, "num_res", atMost: backward.inputCount)
    guard backward.capturedCount == 0 else { throw .capturedInputsInBody }
    let results = Array(backward.inputTypes.dropFirst(knownCount))
    guard (results + backward.outputTypes).allSatisfy(\.isFloating) else {
      throw .parameter("bwd_jaxpr", expected: "floating cotangents", got: "others")
    }
    let expected = backward.inputTypes.prefix(knownCount) + backward.outputTypes
    try operands.expect(count: expected.count)
    guard operands == Array(expected) else {
      throw .parameter(
        "bwd_jaxpr", expected: "known inputs and outputs \(operands.map(\.description))",
        got: "\(expected.map(\.description))")
    }
    return results
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let results = Array(backward.inputTypes.dropFirst(knownCount))
    let whole = try Program.build(operands + results) { b, inputs throws(NTKError) in
      let tangents = inputs[knownCount..<operands.count]
      let cotangents = inputs.dropFirst(operands.count)
      let pulled = try b.call(backward, Array(inputs.prefix(knownCount)) + cotangents)
      var joined = Array(cotangents)
      for (tangent, value) in zip(tangents, pulled) { joined.append(try b.add(tangent, value)) }
      return joined
    }
    var axes = JoinedAxes()
    try axes.add(
      whole, index: 0, operands: Array(0..<operands.count), inputResults: operands.map { _ in nil },
      outputResults: results.indices.map { Int?($0) }
        + operands.dropFirst(knownCount).map { _ in nil })
    return AxisFlow(axes.threads())
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CustomLinear {
    CustomLinear(
      try backward.resized(inputs: operands.prefix(knownCount) + results), knownCount: knownCount)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let known = axes.prefix(knownCount).map { $0 != nil }
    let results = backward.inputCount - knownCount
    let new = try backward.mappedInFront(
      known + [Bool](repeating: true, count: results), size: size)
    let values = try b.apply(
      CustomLinear(new, knownCount: knownCount),
      b.withAxisInFront(Array(operands.prefix(knownCount)), Array(axes.prefix(knownCount)))
        + b.allMapped(operands.dropFirst(knownCount), axes.dropFirst(knownCount), size: size))
    return (values, values.map { _ in 0 })
  }

  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    let (values, pushed) = try callee().jvp(operands, tangents, in: &b)
    return (values, pushed)
  }

  public func isLinear(known: [Bool]) throws(NTKError) -> Bool {
    known.prefix(knownCount).allSatisfy { $0 } && !known.dropFirst(knownCount).contains(true)
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var given = operands.prefix(knownCount).compactMap(\.value)
    for (cotangent, type) in zip(cotangents, backward.inputTypes.dropFirst(knownCount)) {
      given.append(try b.instantiate(cotangent, type))
    }
    let pulled = try b.call(backward, given)
    return [Value?](repeating: nil, count: knownCount) + pulled
  }
}
