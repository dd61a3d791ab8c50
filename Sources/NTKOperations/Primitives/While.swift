import NTKProgram

/// A loop that goes on as long as a condition holds. Operands are the condition's consts, the
/// body's consts and the first carry; the condition maps (its consts, carry) to a bool, the body
/// (its consts, carry) to the next carry; the results are the last carry.
public struct While: HigherOrder {
  public static let name = "while"
  public internal(set) var condition = Program.empty
  public internal(set) var body = Program.empty
  public internal(set) var conditionConstCount = 0
  public internal(set) var bodyConstCount = 0

  public init() {}

  public init(
    condition: Program, constCount conditionConstCount: Int, body: Program,
    constCount bodyConstCount: Int
  ) {
    self.condition = condition
    self.body = body
    self.conditionConstCount = conditionConstCount
    self.bodyConstCount = bodyConstCount
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("cond_jaxpr", &condition)
    try coder.code("cond_nconsts", &conditionConstCount)
    try coder.code("body_jaxpr", &body)
    try coder.code("body_nconsts", &bodyConstCount)
  }

  public var bodies: [Program] { [condition, body] }
  var carryCount: Int { body.outputs.count }
  var constCount: Int { conditionConstCount + bodyConstCount }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard condition.capturedCount == 0, body.capturedCount == 0 else {
      throw .capturedInputsInBody
    }
    guard conditionConstCount >= 0, bodyConstCount >= 0,
      bodyConstCount <= body.inputCount, conditionConstCount <= condition.inputCount,
      body.inputCount - bodyConstCount == carryCount,
      condition.inputCount - conditionConstCount == carryCount
    else {
      throw .parameter(
        "cond_nconsts, body_nconsts",
        expected: "inputs of both programs beside \(carryCount) of the carry",
        got: "\(conditionConstCount), \(bodyConstCount)")
    }
    let (before, after) = (Array(body.inputTypes.dropFirst(bodyConstCount)), body.outputTypes)
    guard before == after else {
      throw .parameter(
        "body_jaxpr", expected: "a carry of types \(before.map(\.description)) after a step",
        got: "\(after.map(\.description))")
    }
    guard Array(condition.inputTypes.dropFirst(conditionConstCount)) == before else {
      throw .parameter(
        "cond_jaxpr", expected: "a carry of types \(before.map(\.description))",
        got: "\(condition.inputTypes.dropFirst(conditionConstCount).map(\.description))")
    }
    guard condition.outputTypes == [ValueType(.bool, .scalar)] else {
      throw .parameter(
        "cond_jaxpr", expected: "one output, bool[]",
        got: "\(condition.outputTypes.map(\.description))")
    }
    try operands.expect(count: constCount + carryCount)
    let expected =
      condition.inputTypes.prefix(conditionConstCount) + body.inputTypes.prefix(bodyConstCount)
      + before
    for (index, (operand, wanted)) in zip(operands, expected).enumerated() {
      guard operand.elementType == wanted.elementType else {
        throw .elementType(
          "operand \(index)", expected: wanted.elementType.name, got: operand.elementType)
      }
      guard operand.shape == wanted.shape else {
        throw .shape("operand \(index)", expected: "\(wanted.shape)", got: operand.shape)
      }
    }
    return after
  }

  /// The operands that are the inputs of the condition, and of the body.
  private var conditionOperands: [Int] {
    Array(0..<conditionConstCount) + (constCount..<(constCount + carryCount))
  }
  private var bodyOperands: [Int] { Array(conditionConstCount..<(constCount + carryCount)) }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var axes = JoinedAxes()
    func results(_ consts: Int) -> [Int?] {
      [Int?](repeating: nil, count: consts) + (0..<carryCount).map { $0 }
    }
    try axes.add(
      condition, index: 0, operands: conditionOperands,
      inputResults: results(conditionConstCount), outputResults: [nil])
    try axes.add(
      body, index: 1, operands: bodyOperands, inputResults: results(bodyConstCount),
      outputResults: Array(0..<carryCount))
    return AxisFlow(axes.threads())
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> While {
    While(
      condition: try condition.resized(inputs: conditionOperands.map { operands[$0] }),
      constCount: conditionConstCount,
      body: try body.resized(inputs: bodyOperands.map { operands[$0] }),
      constCount: bodyConstCount)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var isMapped = axes.map { $0 != nil }
    let carry = constCount..<(constCount + carryCount)
    // A carry that becomes mapped in a step is mapped from the start.
    while true {
      let mapped = try body.outputsMapped(bodyOperands.map { isMapped[$0] }, size: size)
      let before = isMapped
      for index in 0..<carryCount where mapped[index] { isMapped[constCount + index] = true }
      if before == isMapped { break }
    }
    let byPlace = try condition.outputsMapped(
      conditionOperands.map { isMapped[$0] }, size: size)[0]
    if byPlace { for index in carry { isMapped[index] = true } }
    func places(_ operands: [Int]) -> [Int?] { operands.map { isMapped[$0] ? 0 : nil } }
    var moved: [Value] = []
    for (index, operand) in operands.enumerated() {
      moved.append(
        isMapped[index] ? try b.atBatchAxis(operand, axes[index], 0, size: size) : operand)
    }
    let outAxes = carry.map { isMapped[$0] ? 0 : nil }
    let newBody = try body.vmapped(size: size, axes: places(bodyOperands), outAxes: outAxes)
    let newCondition = try condition.vmapped(
      size: size, axes: places(conditionOperands), outAxes: [byPlace ? 0 : nil])
    guard byPlace else {
      let loop = While(
        condition: newCondition, constCount: conditionConstCount, body: newBody,
        constCount: bodyConstCount)
      return (try b.apply(loop, moved), outAxes)
    }
    // The loop goes on while any sample does; those that have ended stay as they are.
    let anyHolds = try Program.build(newCondition.inputTypes) { b, inputs throws(NTKError) in
      let holds = try b.call(newCondition, inputs)[0]
      return [try b.one(ReduceOr([0]), holds)]
    }
    let step = try Program.build(
      newCondition.inputTypes.prefix(conditionConstCount) + newBody.inputTypes
    ) { b, inputs throws(NTKError) in
      let state = Array(inputs.dropFirst(constCount))
      let holds = try b.call(newCondition, inputs.prefix(conditionConstCount) + state)[0]
      let next = try b.call(newBody, Array(inputs.dropFirst(conditionConstCount)))
      var results: [Value] = []
      for (old, new) in zip(state, next) {
        let mask = try b.broadcast(holds, to: b.shape(of: old), axes: [0])
        results.append(try b.select(mask, new, old))
      }
      return results
    }
    let loop = While(
      condition: anyHolds, constCount: conditionConstCount, body: step, constCount: constCount)
    return (try b.apply(loop, moved.prefix(conditionConstCount) + moved), outAxes)
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  // How many steps there are is not known outside.
  public func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? { nil }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var isActive = bodyOperands.map { tangents[$0] != nil }
    // A carry whose tangent becomes set in a step has one from the start.
    while true {
      let outputs = try body.outputsActive(isActive)
      let before = isActive
      for index in 0..<carryCount where outputs[index] { isActive[bodyConstCount + index] = true }
      if before == isActive { break }
    }
    let activeConsts = (0..<bodyConstCount).filter { isActive[$0] }
    let activeCarry = (0..<carryCount).filter { isActive[bodyConstCount + $0] }
    let activeTypes = activeCarry.map { body.outputTypes[$0] }
    let newCondition = try Program.build(
      condition.inputTypes + activeTypes
    ) { b, inputs throws(NTKError) in
      try b.call(condition, Array(inputs.prefix(condition.inputCount)))
    }
    let consts = body.inputTypes.prefix(bodyConstCount)
    let newBody = try Program.build(
      consts + activeConsts.map { consts[$0] } + body.outputTypes + activeTypes
    ) { b, inputs throws(NTKError) in
      var rest = inputs[...]
      func take(_ count: Int) -> [Value] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      let constants = take(bodyConstCount)
      let constTangents = take(activeConsts.count)
      let state = take(carryCount)
      let stateTangents = take(activeCarry.count)
      var given = [Value?](repeating: nil, count: body.inputCount)
      for (index, tangent) in zip(activeConsts, constTangents) { given[index] = tangent }
      for (index, tangent) in zip(activeCarry, stateTangents) {
        given[bodyConstCount + index] = tangent
      }
      let (outputs, new) = try body.jvp(constants + state, given, in: &b)
      var all = outputs
      for index in activeCarry {
        all.append(try b.instantiate(new[index], body.outputTypes[index]))
      }
      return all
    }
    func instantiated(_ index: Int, in b: inout ProgramBuilder) throws(NTKError) -> Value {
      try b.instantiate(tangents[index], b.type(of: operands[index]))
    }
    var newOperands = Array(operands.prefix(constCount))
    for index in activeConsts {
      newOperands.append(try instantiated(conditionConstCount + index, in: &b))
    }
    newOperands += operands.suffix(carryCount)
    for index in activeCarry { newOperands.append(try instantiated(constCount + index, in: &b)) }
    let loop = While(
      condition: newCondition, constCount: conditionConstCount, body: newBody,
      constCount: bodyConstCount + activeConsts.count)
    var next = try b.apply(loop, newOperands).dropFirst(carryCount).makeIterator()
    return (0..<carryCount).map { isActive[bodyConstCount + $0] ? next.next() : nil }
  }

  /// Which carries stay known, given what is known; nil if the condition does not.
  private func knownCarries(_ known: [Bool]) throws(NTKError) -> [Bool]? {
    var known = known
    while true {
      let outputs = try body.split(known: bodyOperands.map { known[$0] }).knownOutputs
      let before = known
      for index in 0..<carryCount where !outputs[index] { known[constCount + index] = false }
      if before == known { break }
    }
    let holds = try condition.split(known: conditionOperands.map { known[$0] }).knownOutputs[0]
    return holds ? Array(known.suffix(carryCount)) : nil
  }

  // The known part is the loop of the known carries alone; the rest runs it again beside the
  // others, because how often it runs is not known when residuals would be stacked.
  public func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation {
    guard let carryKnown = try knownCarries(known), carryKnown.contains(true) else {
      return .nothingKnown(self, operandCount: operands.count, resultCount: carryCount)
    }
    let kept = carryKnown.indices.filter { carryKnown[$0] }
    let consts = (0..<bodyConstCount).filter { known[conditionConstCount + $0] }
    let constTypes = body.inputTypes
    func stateOf(
      _ values: ArraySlice<Value>, in b: inout ProgramBuilder
    ) throws(NTKError) -> [Value] {
      var next = values.makeIterator()
      var state: [Value] = []
      for index in 0..<carryCount {
        let value = carryKnown[index] ? next.next() : nil
        state.append(try b.instantiate(value, body.outputTypes[index]))
      }
      return state
    }
    let keptTypes = kept.map { body.outputTypes[$0] }
    let newCondition = try Program.build(
      condition.inputTypes.prefix(conditionConstCount) + keptTypes
    ) { b, inputs throws(NTKError) in
      let state = try stateOf(inputs.dropFirst(conditionConstCount), in: &b)
      return try b.call(condition, inputs.prefix(conditionConstCount) + state)
    }
    let newBody = try Program.build(
      consts.map { constTypes[$0] } + keptTypes
    ) { b, inputs throws(NTKError) in
      let state = try stateOf(inputs.dropFirst(consts.count), in: &b)
      var values: [Value] = []
      for index in 0..<bodyConstCount {
        let position = consts.firstIndex(of: index)
        values.append(try b.instantiate(position.map { inputs[$0] }, constTypes[index]))
      }
      let next = try b.call(body, values + state)
      return kept.map { next[$0] }
    }
    let loop = While(
      condition: newCondition, constCount: conditionConstCount, body: newBody,
      constCount: consts.count)
    return PartialEvaluation(
      known: loop,
      knownOperands: Array(0..<conditionConstCount) + consts.map { $0 + conditionConstCount }
        + kept.map { $0 + constCount },
      knownResults: kept, linear: self,
      linearOperands: operands.indices.map { .operand($0) },
      linearResults: Array(0..<carryCount))
  }

  public func isLinear(known: [Bool]) throws(NTKError) -> Bool {
    try knownCarries(known) != nil
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    throw .unsupported(
      "reverse-mode differentiation of a 'while': how many steps it makes, whose states would have "
        + "to be kept, is not known. Use scan, or fori_loop with bounds known while tracing, or "
        + "forward mode (jvp, jacfwd)")
  }

  private static let conditionByteCount = 64

  // Whether to go on, and two carries that take turns.
  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    [While.conditionByteCount, CarryBuffers(body.outputTypes).byteCount].saturatingSum()
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    guard let scratch = context.scratch else {
      throw .invariant("while was given no scratch memory")
    }
    let buffers = CarryBuffers(body.outputTypes)
    let holds = ArrayReference(data: scratch, type: ValueType(.bool, .scalar))
    let conditionConsts = Array(context.operands[..<conditionConstCount])
    let bodyConsts = Array(context.operands[conditionConstCount..<constCount])
    var carry = Array(context.operands[constCount...])
    var step = 0
    while true {
      try context.runner.run(condition, conditionConsts + carry, [holds])
      guard scratch.load(as: UInt8.self) != 0 else { break }
      let next = buffers.carry(after: step, in: scratch + While.conditionByteCount)
      try context.runner.run(body, bodyConsts + carry, next)
      carry = next
      step = 1 - step
    }
    for (state, result) in zip(carry, context.results) { copyArray(from: state, to: result) }
  }
}
