import NTKProgram

extension Cond {
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let isActive = tangents.dropFirst().map { $0 != nil }
    let outputsActive = try union { branch throws(NTKError) in
      try branch.outputsActive(isActive)
    }
    var new: [Program] = []
    for branch in branches {
      new.append(try tangentBranch(branch, isActive, outputsActive))
    }
    let all = try b.apply(Cond(new), operands + tangents.dropFirst().compactMap { $0 })
    var next = all.dropFirst(results.count).makeIterator()
    return outputsActive.map { $0 ? next.next() : nil }
  }

  private func union(
    _ ofBranch: (Program) throws(NTKError) -> [Bool]
  ) throws(NTKError) -> [Bool] {
    var result = [Bool](repeating: false, count: branches.first?.outputs.count ?? 0)
    for branch in branches {
      let own = try ofBranch(branch)
      result = zip(result, own).map { $0 || $1 }
    }
    return result
  }

  /// (inputs, tangents of the active ones) -> (outputs, tangents of the active ones)
  private func tangentBranch(
    _ branch: Program, _ isActive: [Bool], _ outputsActive: [Bool]
  ) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    let primals = branch.addInputs(to: &b)
    var tangents = [Value?](repeating: nil, count: primals.count)
    for index in primals.indices where isActive[index] {
      tangents[index] = b.input(branch.inputTypes[index])
    }
    let (outputs, outputTangents) = try branch.jvp(primals, tangents, in: &b)
    var results = outputs
    for (index, tangent) in outputTangents.enumerated() where outputsActive[index] {
      results.append(try b.instantiate(tangent, branch.outputTypes[index]))
    }
    return try b.finish(inputs: primals + tangents.compactMap { $0 }, outputs: results)
  }

  public func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation {
    guard known[0] else { return .nothingKnown(self, operandCount: operands.count) }
    let inputsKnown = Array(known.dropFirst())
    // An output is known if it is in every branch.
    let unknown = try union { branch throws(NTKError) in
      try branch.split(known: inputsKnown).knownOutputs.map { !$0 }
    }
    var splits: [SplitProgram] = []
    for branch in branches { splits.append(try branch.split(known: inputsKnown, forcing: unknown)) }
    return try joined(splits, inputsKnown, unknown)
  }

  /// Residuals that are operands are handed over as they are. The others of all branches share
  /// places by their types: what a branch does not have is zeros there.
  private func joined(
    _ splits: [SplitProgram], _ inputsKnown: [Bool], _ unknown: [Bool]
  ) throws(NTKError) -> PartialEvaluation {
    enum Source {
      case input(Int)
      case place(Int)
    }
    let knownInputs = inputsKnown.indices.filter { inputsKnown[$0] }
    let unknownInputs = inputsKnown.indices.filter { !inputsKnown[$0] }
    var places: [ValueType] = []
    var sources: [[Source]] = []
    for split in splits {
      var taken = Set<Int>()
      var own: [Source] = []
      for residual in split.known.outputs.suffix(split.residualCount) {
        if residual.index < knownInputs.count {
          own.append(.input(knownInputs[residual.index]))
          continue
        }
        let type = split.known.type(of: residual)
        let free = places.indices.first { places[$0] == type && !taken.contains($0) }
        if free == nil { places.append(type) }
        taken.insert(free ?? places.count - 1)
        own.append(.place(free ?? places.count - 1))
      }
      sources.append(own)
    }
    let knownCount = unknown.filter { !$0 }.count
    var knownBranches: [Program] = []
    for (split, own) in zip(splits, sources) {
      var b = ProgramBuilder()
      let inputs = split.known.addInputs(to: &b)
      let results = try b.call(split.known, inputs)
      var values = [Value?](repeating: nil, count: places.count)
      for (source, value) in zip(own, results.dropFirst(knownCount)) {
        if case .place(let place) = source { values[place] = value }
      }
      var outputs = Array(results.prefix(knownCount))
      for (value, type) in zip(values, places) { outputs.append(try b.instantiate(value, type)) }
      knownBranches.append(try b.finish(inputs: inputs, outputs: outputs))
    }
    // The rest: known inputs that some branch needs, places, unknown inputs.
    var needed = Set<Int>()
    for case .input(let input) in sources.joined() { needed.insert(input) }
    let handed = needed.sorted()
    var restBranches: [Program] = []
    for (split, own) in zip(splits, sources) {
      var b = ProgramBuilder()
      let branch = branches[restBranches.count]
      let given = handed.map { b.input(branch.inputTypes[$0]) }
      let placed = places.map { b.input($0) }
      let linear = unknownInputs.map {
        b.input(branch.inputTypes[$0], name: branch.inputNames[$0])
      }
      var residuals: [Value] = []
      for source in own {
        switch source {
        case .input(let input):
          if let position = handed.firstIndex(of: input) { residuals.append(given[position]) }
        case .place(let place): residuals.append(placed[place])
        }
      }
      let outputs = try b.call(split.rest, residuals + linear)
      restBranches.append(try b.finish(inputs: given + placed + linear, outputs: outputs))
    }
    let results = unknown.indices
    return PartialEvaluation(
      known: Cond(knownBranches), knownOperands: [0] + knownInputs.map { $0 + 1 },
      knownResults: results.filter { !unknown[$0] }, linear: Cond(restBranches),
      linearOperands: [.operand(0)] + handed.map { .operand($0 + 1) }
        + places.indices.map { .residual($0) } + unknownInputs.map { .operand($0 + 1) },
      linearResults: results.filter { unknown[$0] })
  }

  public func isLinear(known: [Bool]) -> Bool { known[0] }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let index = operands[0].value, let first = branches.first else {
      throw .notLinear("the index of a 'cond' is active")
    }
    let linear = operands.indices.filter { operands[$0].isLinear }
    let given = operands.dropFirst().compactMap(\.value)
    let floating = first.outputs.indices.filter { first.outputTypes[$0].isFloating }
    let present = floating.filter { cotangents[$0] != nil }
    var new: [Program] = []
    for branch in branches {
      let backward = try branch.transposed(active: linear.map { $0 - 1 })
      // Cotangents that are zero are zeros inside the branch, where they cost nothing.
      var n = ProgramBuilder()
      let known = given.map { n.input(b.type(of: $0)) }
      var inputs = known
      var all: [Value] = []
      for output in floating {
        if present.contains(output) {
          let input = n.input(branch.outputTypes[output])
          inputs.append(input)
          all.append(input)
        } else {
          all.append(try n.zeros(branch.outputTypes[output]))
        }
      }
      let pulled = try n.call(backward, known + all)
      new.append(try n.finish(inputs: inputs, outputs: pulled))
    }
    let values = try b.apply(
      Cond(new), [index] + given + present.compactMap { cotangents[$0] })
    var results = [Value?](repeating: nil, count: operands.count)
    for (operand, value) in zip(linear, values) { results[operand] = value }
    return results
  }
}

extension PartialEvaluation {
  /// The operation as it is, in the rest; a loop of no steps stands for the known part.
  static func nothingKnown(
    _ primitive: some HigherOrder, operandCount: Int, resultCount: Int? = nil
  ) -> PartialEvaluation {
    PartialEvaluation(
      known: Scan(.empty, length: 0, constCount: 0, carryCount: 0), knownOperands: [],
      knownResults: [], linear: primitive,
      linearOperands: (0..<operandCount).map { .operand($0) },
      linearResults: Array(0..<(resultCount ?? primitive.bodies.first?.outputs.count ?? 0)))
  }
}
