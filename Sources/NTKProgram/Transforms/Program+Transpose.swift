extension Program {
  /// The transpose of a program that is linear in its active inputs: (other inputs, cotangents of
  /// floating outputs) -> cotangents of active inputs.
  /// - Throws: `.notLinear`.
  public func transposed(active: [Int]) throws(NTKError) -> Program {
    try checkActive(active)
    let isActive = Set(active)
    let split = try split(known: (0..<inputCount).map { !isActive.contains($0) })
    var b = ProgramBuilder()
    var given: [Value] = []
    for index in 0..<inputCount where !isActive.contains(index) {
      given.append(b.input(types[index], name: inputNames[index]))
    }
    let cotangents = floatingOutputs.map { b.input(outputTypes[$0]) }
    let known = try b.call(split.known, given)
    let residuals = Array(known.suffix(split.residualCount))
    // A known output is a constant of the derivative: linear only if it is 0.
    var knownIndex = 0
    var restCotangents: [Value?] = []
    var next = 0
    for (index, isKnown) in split.knownOutputs.enumerated() {
      let isFloating = outputTypes[index].isFloating
      let cotangent = isFloating ? cotangents[next] : nil
      if isFloating { next += 1 }
      if isKnown {
        let value = known[knownIndex]
        knownIndex += 1
        guard !isFloating || b.isZero(value) else {
          throw .notLinear("output \(index) does not depend on them and is not 0")
        }
      } else {
        restCotangents.append(cotangent)
      }
    }
    let results = try split.rest.pullBack(
      restCotangents, residuals: residuals, residualCount: split.residualCount, in: &b)
    var outputs: [Value] = []
    for (index, cotangent) in zip(active, results) {
      outputs.append(try b.instantiate(cotangent, types[index]))
    }
    let captured = inputCount - capturedCount
    let givenCaptured = (captured..<inputCount).filter { !isActive.contains($0) }.count
    return try b.finish(
      inputs: Array(given.dropLast(givenCaptured)) + cotangents,
      captured: Array(given.suffix(givenCaptured)), outputs: outputs)
  }

  /// Adds the backward sweep: cotangents of the inputs after the residuals.
  private func pullBack(
    _ outputCotangents: [Value?], residuals: [Value], residualCount: Int,
    in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var known = [Value?](repeating: nil, count: valueCount)
    for (index, residual) in residuals.enumerated() { known[index] = residual }
    // What follows from residuals alone is run forwards.
    for equation in equations {
      let operands = equation.operands.compactMap { known[$0.index] }
      guard operands.count == equation.operands.count else { continue }
      b.source = equation.source
      for (result, value) in zip(equation.results, try b.apply(equation.primitive, operands)) {
        known[result.index] = value
      }
    }
    var cotangents = [Value?](repeating: nil, count: valueCount)
    for (output, cotangent) in zip(outputs, outputCotangents) {
      cotangents[output.index] = try b.sum(cotangents[output.index], cotangent)
    }
    for index in (0..<equationCount).reversed() {
      let equation = self.equation(index)
      let own = equation.results.map { cotangents[$0.index] }
      guard known[equation.results.first?.index ?? 0] == nil, own.contains(where: { $0 != nil })
      else { continue }
      b.source = equation.source
      let operands = equation.operands.map { value -> Operand in
        known[value.index].map { .known($0) } ?? .linear(types[value.index])
      }
      guard let primitive = equation.primitive as? any LinearInOperands,
        try b.isLinear(primitive, operands)
      else { throw .notLinear("'\(equation.primitive.name)' is not") }
      let pulled = try primitive.transposed(own, operands, in: &b)
      for (operand, cotangent) in zip(equation.operands, pulled)
      where known[operand.index] == nil {
        cotangents[operand.index] = try b.sum(cotangents[operand.index], cotangent)
      }
      for result in equation.results { cotangents[result.index] = nil }
    }
    return (residualCount..<inputCount).map { cotangents[$0] }
  }
}

extension ProgramBuilder {
  /// Whether an operation is linear in its linear operands. A known operand that is 0 may count
  /// as a linear one whose cotangent nobody wants: `add(t, 0)` is linear in t.
  public func isLinear(_ primitive: any LinearInOperands, _ operands: [Operand]) throws(NTKError)
    -> Bool
  {
    let known = operands.map { !$0.isLinear }
    if try primitive.isLinear(known: known) { return true }
    let knownUnlessZero = operands.map { $0.value.map { !isZero($0) } ?? false }
    if knownUnlessZero == known { return false }
    return try primitive.isLinear(known: knownUnlessZero)
  }

  /// Whether a value is known to be zeros: a `full` of 0, or a view of one.
  public func isZero(_ value: Value) -> Bool {
    var value = value
    while let (primitive, operands) = definition(of: value) {
      if let full = primitive as? Full { return full.value.isZero }
      guard primitive is any ViewPrimitive else { return false }
      value = operands[0]
    }
    return false
  }
}
