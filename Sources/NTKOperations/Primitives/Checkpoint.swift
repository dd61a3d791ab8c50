import NTKProgram

/// A program whose intermediate values are not kept for the derivative but computed again: what is
/// handed over is its operands.
public struct Checkpoint: HigherOrder {
  public static let name = "checkpoint"
  public internal(set) var body = Program.empty

  public init() {}
  public init(_ body: Program) { self.body = body }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("jaxpr", &body)
  }

  public var bodies: [Program] { [body] }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try body.expect("jaxpr", inputs: operands, outputs: body.outputTypes)
    return body.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    try body.axisFlow(outputResults: body.outputs.indices.map { Int?($0) })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Checkpoint {
    Checkpoint(try body.resized(inputs: operands))
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.map { $0 != nil }
    let outputs = try body.outputsMapped(isMapped, size: size)
    let new = Checkpoint(try body.mappedInFront(isMapped, outputs: outputs, size: size))
    return (
      try b.apply(new, b.withAxisInFront(operands, axes)), outputs.map { $0 ? 0 : nil }
    )
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  // A value that left it would have to be kept.
  public func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? { nil }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    try context.runner.run(body, context.operands, context.results)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    try valueAndTangents(operands, tangents, in: &b).tangents
  }

  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    let active = tangents.indices.filter { tangents[$0] != nil }
    let types = body.inputTypes
    var outputsActive: [Bool] = []
    let new = try Program.build(
      types + active.map { types[$0] }
    ) { b, inputs throws(NTKError) in
      var given = [Value?](repeating: nil, count: types.count)
      for (index, tangent) in zip(active, inputs.dropFirst(types.count)) { given[index] = tangent }
      let (outputs, pushed) = try body.jvp(Array(inputs.prefix(types.count)), given, in: &b)
      outputsActive = pushed.map { $0 != nil }
      return outputs + pushed.compactMap { $0 }
    }
    let all = try b.apply(Checkpoint(new), operands + tangents.compactMap { $0 })
    var next = all.dropFirst(outputsActive.count).makeIterator()
    return (
      Array(all.prefix(outputsActive.count)), outputsActive.map { $0 ? next.next() : nil }
    )
  }

  // The rest computes what it needs of the known part again, from the operands.
  public func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation {
    let split = try body.split(known: known)
    let outputs = body.outputs.indices
    let inRest = outputs.filter { !split.knownOutputs[$0] }
    let knownResults = outputs.filter { split.knownOutputs[$0] }
    return PartialEvaluation(
      known: Checkpoint(try split.known.selecting(Array(knownResults.indices))),
      knownOperands: known.indices.filter { known[$0] }, knownResults: Array(knownResults),
      linear: Checkpoint(try body.selecting(Array(inRest))),
      linearOperands: operands.indices.map { .operand($0) }, linearResults: Array(inRest))
  }

  public func isLinear(known: [Bool]) throws(NTKError) -> Bool { true }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    try b.pullBack(through: body, cotangents, operands) { program, operands, b throws(NTKError) in
      try b.apply(Checkpoint(program), operands)
    }
  }
}
