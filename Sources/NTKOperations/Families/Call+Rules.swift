import NTKProgram

// What calls share: they are evaluated, transposed and split as the program that they call.
extension Call {
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  public func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? { nil }

  public func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation {
    .nothingKnown(
      self, operandCount: operands.count, resultCount: try resultTypes(operands).count)
  }

  public func isLinear(known: [Bool]) throws(NTKError) -> Bool { true }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let taken = calleeOperands(operands.count)
    let pulled = try b.pullBack(
      through: callee(), cotangents, taken.map { operands[$0] }
    ) { program, operands, b throws(NTKError) in try b.call(program, operands) }
    var results = [Value?](repeating: nil, count: operands.count)
    for (operand, cotangent) in zip(taken, pulled) { results[operand] = cotangent }
    return results
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    try valueAndTangents(operands, tangents, in: &b).tangents
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operands = context.operands
    try context.runner.run(
      callee(), calleeOperands(operands.count).map { operands[$0] }, context.results)
  }
}

extension ProgramBuilder {
  /// Cotangents of the linear operands of a program that is applied to operands: `apply` is given the
  /// transposed program and its operands.
  mutating func pullBack(
    through program: Program, _ cotangents: [Value?], _ operands: [Operand],
    apply: (Program, [Value], inout ProgramBuilder) throws(NTKError) -> [Value]
  ) throws(NTKError) -> [Value?] {
    let active = operands.indices.filter {
      operands[$0].isLinear && program.inputTypes[$0].isFloating
    }
    let floating = program.outputs.indices.filter { program.outputTypes[$0].isFloating }
    let present = floating.filter { cotangents[$0] != nil }
    let backward = try program.transposed(active: active)
    let known = operands.compactMap(\.value)
    // Cotangents that are zero are zeros inside the program, where they cost nothing.
    let given = known.map { type(of: $0) } + present.map { program.outputTypes[$0] }
    let whole = try Program.build(given) { b, inputs throws(NTKError) in
      var own = inputs.dropFirst(known.count).makeIterator()
      var all = Array(inputs.prefix(known.count))
      for output in floating {
        let value = present.contains(output) ? own.next() : nil
        all.append(try b.instantiate(value, program.outputTypes[output]))
      }
      return try b.call(backward, all)
    }
    let values = try apply(whole, known + present.compactMap { cotangents[$0] }, &self)
    var results = [Value?](repeating: nil, count: operands.count)
    for (operand, value) in zip(active, values) { results[operand] = value }
    return results
  }

  /// Every operand that is mapped with its axis in front.
  mutating func withAxisInFront(
    _ operands: [Value], _ axes: [Int?]
  ) throws(NTKError) -> [Value] {
    var moved: [Value] = []
    for (operand, axis) in zip(operands, axes) {
      guard let axis else {
        moved.append(operand)
        continue
      }
      moved.append(try move(operand, axis: axis, to: 0))
    }
    return moved
  }

  /// Every operand mapped, with the axis in front.
  mutating func allMapped(
    _ operands: some Collection<Value>, _ axes: some Collection<Int?>, size: Int
  ) throws(NTKError) -> [Value] {
    var moved: [Value] = []
    for (operand, axis) in zip(operands, axes) {
      moved.append(try atBatchAxis(operand, axis, 0, size: size))
    }
    return moved
  }
}

extension Program {
  /// Mapped over axes in front of some inputs, and of some outputs.
  func mappedInFront(
    _ inputs: [Bool], outputs: [Bool], size: Int
  ) throws(NTKError) -> Program {
    try vmapped(
      size: size, axes: inputs.map { $0 ? 0 : nil }, outAxes: outputs.map { $0 ? 0 : nil })
  }

  /// Mapped over axes in front of some inputs, and of every output.
  func mappedInFront(_ inputs: [Bool], size: Int) throws(NTKError) -> Program {
    try mappedInFront(inputs, outputs: outputs.map { _ in true }, size: size)
  }

  /// - Throws: `.capturedInputsInBody`, `.parameter` unless inputs and outputs have these types.
  func expect(
    _ name: String, inputs: [ValueType], outputs: [ValueType]
  ) throws(NTKError) {
    guard capturedCount == 0 else { throw .capturedInputsInBody }
    guard inputTypes == inputs else {
      throw .parameter(
        name, expected: "inputs \(inputs.map(\.description))",
        got: "\(inputTypes.map(\.description))")
    }
    guard outputTypes == outputs else {
      throw .parameter(
        name, expected: "outputs \(outputs.map(\.description))",
        got: "\(outputTypes.map(\.description))")
    }
  }

  /// The axes that this program, of all operands of an operation, passes through: each output is one
  /// of the operation's results, or nil for one that only joins axes.
  func axisFlow(outputResults: [Int?]) throws(NTKError) -> AxisFlow {
    var axes = JoinedAxes()
    try axes.add(
      self, index: 0, operands: Array(0..<inputCount),
      inputResults: [Int?](repeating: nil, count: inputCount), outputResults: outputResults)
    return AxisFlow(axes.threads())
  }
}

/// - Throws: `.parameter` unless a count is between 0 and the most.
func expectCount(_ count: Int, _ name: String, atMost most: Int) throws(NTKError) {
  guard count >= 0, count <= most else {
    throw .parameter(name, expected: "a count up to \(most)", got: "\(count)")
  }
}
