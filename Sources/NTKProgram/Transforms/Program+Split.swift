/// A program in two parts: what follows from known inputs, and the rest.
public struct SplitProgram {
  /// known inputs -> (known outputs, residuals)
  public let known: Program
  /// (residuals, unknown inputs) -> unknown outputs
  public let rest: Program
  public let residualCount: Int
  /// For each output, whether it is known.
  public let knownOutputs: [Bool]
}

extension Program {
  /// Splits by which inputs are known: partial evaluation.
  ///
  /// What the rest needs of the known part is handed over as residuals, each once. Views and
  /// constants of no greater size than what they are made from are made again instead.
  ///
  /// - Parameter forced: outputs that the rest is to give, though they may be known.
  public func split(
    known knownInputs: [Bool], forcing forced: [Bool]? = nil
  ) throws(NTKError) -> SplitProgram {
    var known = knownInputs
    known.reserveCapacity(valueCount)
    var parts: [Int: PartialEvaluation] = [:]
    for (index, equation) in equations.enumerated() {
      let operandsKnown = equation.operands.map { known[$0.index] }
      var resultsKnown = [Bool](
        repeating: operandsKnown.allSatisfy { $0 }, count: equation.results.count)
      if let primitive = equation.primitive as? any HigherOrder,
        operandsKnown.contains(true), operandsKnown.contains(false)
      {
        let part = try primitive.partiallyEvaluated(
          known: operandsKnown, types(of: equation.operands))
        parts[index] = part
        for result in part.knownResults { resultsKnown[result] = true }
      }
      known += resultsKnown
    }
    let isForced = forced ?? outputs.map { _ in false }
    let remade = equationsToRemake(known, parts, isForced)
    return try emitSplit(known, parts, remade, isForced)
  }

  /// Known equations that the rest makes again.
  private func equationsToRemake(
    _ known: [Bool], _ parts: [Int: PartialEvaluation], _ isForced: [Bool]
  ) -> [Bool] {
    var needed = [Bool](repeating: false, count: valueCount)
    for (output, forced) in zip(outputs, isForced) where forced { needed[output.index] = true }
    var remade = [Bool](repeating: false, count: equationCount)
    for index in (0..<equationCount).reversed() {
      let equation = self.equation(index)
      if let part = parts[index] {
        for case .operand(let operand) in part.linearOperands {
          needed[equation.operands[operand].index] = true
        }
      } else if !equation.results.allSatisfy({ known[$0.index] }) {
        for operand in equation.operands { needed[operand.index] = true }
      } else if equation.results.contains(where: { needed[$0.index] }),
        equation.primitive.evaluation.contains(.cheap)
      {
        let given = equation.operands.reduce(0) { $0 + type(of: $1).byteCount }
        let made = equation.results.reduce(0) { $0 + type(of: $1).byteCount }
        guard given <= made else { continue }
        remade[index] = true
        for operand in equation.operands { needed[operand.index] = true }
      }
    }
    return remade
  }

  private func emitSplit(
    _ known: [Bool], _ parts: [Int: PartialEvaluation], _ remade: [Bool], _ isForced: [Bool]
  ) throws(NTKError) -> SplitProgram {
    var k = ProgramBuilder()
    var r = ProgramBuilder()
    // Where each value is: in the known part, and in the rest.
    var inKnown = [Value?](repeating: nil, count: valueCount)
    var inRest = [Value?](repeating: nil, count: valueCount)
    var knownInputs: [Value] = []
    var restInputs: [Value] = []
    for index in 0..<inputCount {
      if known[index] {
        let input = k.input(types[index], name: inputNames[index])
        inKnown[index] = input
        knownInputs.append(input)
      } else {
        let input = r.input(types[index], name: inputNames[index])
        inRest[index] = input
        restInputs.append(input)
      }
    }
    var residuals: [Value] = []
    var residualInputs: [Value] = []
    func addResidual(_ value: Value, _ type: ValueType) -> Value {
      residuals.append(value)
      let input = r.input(type)
      residualInputs.append(input)
      return input
    }
    func rest(_ value: Value) throws(NTKError) -> Value {
      if let found = inRest[value.index] { return found }
      guard let source = inKnown[value.index] else {
        throw .invariant("a value is in neither part of a split program")
      }
      let input = addResidual(source, types[value.index])
      inRest[value.index] = input
      return input
    }
    for (index, equation) in equations.enumerated() {
      k.source = equation.source
      r.source = equation.source
      if let part = parts[index] {
        let operands = part.knownOperands.map { inKnown[equation.operands[$0].index] }
        let results = try k.apply(part.known, operands.compactMap { $0 })
        for (result, value) in zip(part.knownResults, results) {
          inKnown[equation.results[result].index] = value
        }
        let residualValues = Array(results.dropFirst(part.knownResults.count))
        var made: [Int: Value] = [:]
        var restOperands: [Value] = []
        for source in part.linearOperands {
          switch source {
          case .operand(let operand): restOperands.append(try rest(equation.operands[operand]))
          case .residual(let residual):
            if let value = made[residual] {
              restOperands.append(value)
            } else {
              let value = residualValues[residual]
              let input = addResidual(value, k.type(of: value))
              made[residual] = input
              restOperands.append(input)
            }
          }
        }
        let restResults = try r.apply(part.linear, restOperands)
        for (result, value) in zip(part.linearResults, restResults) {
          inRest[equation.results[result].index] = value
        }
        continue
      }
      if equation.results.allSatisfy({ known[$0.index] }) {
        let operands = equation.operands.compactMap { inKnown[$0.index] }
        for (result, value) in zip(equation.results, try k.apply(equation.primitive, operands)) {
          inKnown[result.index] = value
        }
        guard remade[index] else { continue }
      }
      var operands: [Value] = []
      for operand in equation.operands { operands.append(try rest(operand)) }
      for (result, value) in zip(equation.results, try r.apply(equation.primitive, operands)) {
        inRest[result.index] = value
      }
    }
    let knownOutputs = zip(outputs, isForced).map { known[$0.index] && !$1 }
    var kOutputs: [Value] = []
    var rOutputs: [Value] = []
    for (output, isKnown) in zip(outputs, knownOutputs) {
      if !isKnown {
        rOutputs.append(try rest(output))
      } else if let value = inKnown[output.index] {
        kOutputs.append(value)
      }
    }
    return SplitProgram(
      known: try k.finish(inputs: knownInputs, outputs: kOutputs + residuals),
      rest: try r.finish(inputs: residualInputs + restInputs, outputs: rOutputs),
      residualCount: residuals.count, knownOutputs: knownOutputs)
  }
}
