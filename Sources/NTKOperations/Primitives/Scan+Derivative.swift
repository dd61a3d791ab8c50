import NTKProgram

extension Scan {
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var isActive = tangents.map { $0 != nil }
    var outputsActive: [Bool]
    // A carry whose tangent becomes set in a step has one from the start.
    repeat {
      outputsActive = try body.outputsActive(isActive)
      let before = isActive
      for index in 0..<carryCount where outputsActive[index] { isActive[constCount + index] = true }
      if before == isActive { break }
    } while true
    for index in 0..<carryCount { outputsActive[index] = isActive[constCount + index] }

    let new = try jvpBody(isActive, outputsActive)
    func active(_ range: Range<Int>) -> [Int] { range.filter { isActive[$0] } }
    let consts = 0..<constCount
    let xs = carryRange.upperBound..<operands.count
    var newOperands: [Value] = []
    for range in [consts, carryRange, xs] {
      newOperands += operands[range]
      for index in active(range) {
        newOperands.append(try b.instantiate(tangents[index], b.type(of: operands[index])))
      }
    }
    let scan = Scan(
      new, length: length, constCount: constCount + active(consts).count,
      carryCount: carryCount + active(carryRange).count, isReversed: isReversed)
    let all = try b.apply(scan, newOperands)
    // Results are carry, carry's tangents, ys, ys' tangents.
    let carryTangents = all[carryCount..<scan.carryCount]
    let yTangents = all[(scan.carryCount + yCount)...]
    var next = (carryTangents + yTangents).makeIterator()
    return outputsActive.map { $0 ? next.next() : nil }
  }

  /// The body with its tangents: inputs and outputs in the order of `jvp`.
  private func jvpBody(_ isActive: [Bool], _ outputsActive: [Bool]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    let primals = body.addInputs(to: &b)
    var tangents = [Value?](repeating: nil, count: primals.count)
    var inputs: [Value] = []
    for range in [0..<constCount, carryRange, carryRange.upperBound..<primals.count] {
      inputs += primals[range]
      for index in range where isActive[index] {
        let tangent = b.input(body.inputTypes[index])
        tangents[index] = tangent
        inputs.append(tangent)
      }
    }
    let (outputs, outputTangents) = try body.jvp(primals, tangents, in: &b)
    var results: [Value] = []
    for range in [0..<carryCount, carryCount..<outputs.count] {
      results += outputs[range]
      for index in range where outputsActive[index] {
        results.append(try b.instantiate(outputTangents[index], body.outputTypes[index]))
      }
    }
    return try b.finish(inputs: inputs, outputs: results)
  }

  public func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation {
    var bodyKnown = known
    var split = try body.split(known: bodyKnown)
    // A carry is known if it stays known after every step.
    while true {
      let before = bodyKnown
      for index in 0..<carryCount where !split.knownOutputs[index] {
        bodyKnown[constCount + index] = false
      }
      if before == bodyKnown { break }
      split = try body.split(known: bodyKnown)
    }
    // A known output of a carry that is not known must be computed in the rest too.
    let outputsInRest = body.outputs.indices.map { index in
      !split.knownOutputs[index] || (index < carryCount && !bodyKnown[constCount + index])
    }
    if outputsInRest != split.knownOutputs.map({ !$0 }) {
      split = try body.split(known: bodyKnown, forcing: outputsInRest)
    }
    return try partial(bodyKnown, split)
  }

  /// Residuals that are a const or an x of the loop are handed over as they are; the others are
  /// stacked by the known loop.
  private func partial(
    _ bodyKnown: [Bool], _ split: SplitProgram
  ) throws(NTKError) -> PartialEvaluation {
    let knownInputs = bodyKnown.indices.filter { bodyKnown[$0] }
    let unknownInputs = bodyKnown.indices.filter { !bodyKnown[$0] }
    let knownOutputs = split.knownOutputs.indices.filter { split.knownOutputs[$0] }
    let unknownOutputs = split.knownOutputs.indices.filter { !split.knownOutputs[$0] }
    let residuals = Array(split.known.outputs.suffix(split.residualCount))

    enum Kind {
      case const(Int)
      case x(Int)
      case stacked(Int)
    }
    var kinds: [Kind] = []
    var stacked: [Int] = []
    for (index, value) in residuals.enumerated() {
      if value.index < knownInputs.count {
        let input = knownInputs[value.index]
        if input < constCount {
          kinds.append(.const(input))
          continue
        }
        if input >= carryRange.upperBound {
          kinds.append(.x(input))
          continue
        }
      }
      kinds.append(.stacked(stacked.count))
      stacked.append(index)
    }
    let keptOutputs = Array(0..<knownOutputs.count) + stacked.map { knownOutputs.count + $0 }
    let knownScan = Scan(
      try split.known.selecting(keptOutputs), length: length,
      constCount: knownInputs.filter { $0 < constCount }.count,
      carryCount: knownInputs.filter { carryRange.contains($0) }.count, isReversed: isReversed)

    // The rest's inputs, in the order of a loop: consts, carry, xs.
    var b = ProgramBuilder()
    var residualValues = [Value?](repeating: nil, count: residuals.count)
    var unknownValues = [Value?](repeating: nil, count: bodyKnown.count)
    var inputs: [Value] = []
    var sources: [PartialEvaluation.Source] = []
    func addResidual(_ index: Int, _ source: PartialEvaluation.Source) {
      let input = b.input(split.known.type(of: residuals[index]))
      residualValues[index] = input
      inputs.append(input)
      sources.append(source)
    }
    func addUnknown(_ range: Range<Int>) {
      for index in unknownInputs where range.contains(index) {
        let input = b.input(body.inputTypes[index], name: body.inputNames[index])
        unknownValues[index] = input
        inputs.append(input)
        sources.append(.operand(index))
      }
    }
    for (index, kind) in kinds.enumerated() {
      if case .const(let operand) = kind { addResidual(index, .operand(operand)) }
    }
    addUnknown(0..<constCount)
    let restConsts = inputs.count
    addUnknown(carryRange)
    let restCarry = inputs.count - restConsts
    for (index, kind) in kinds.enumerated() {
      switch kind {
      case .const: continue
      case .x(let operand): addResidual(index, .operand(operand))
      case .stacked(let position): addResidual(index, .residual(position))
      }
    }
    addUnknown(carryRange.upperBound..<bodyKnown.count)
    let restOperands = residualValues.compactMap { $0 } + unknownValues.compactMap { $0 }
    let outputs = try b.call(split.rest, restOperands)
    let restScan = Scan(
      try b.finish(inputs: inputs, outputs: outputs), length: length, constCount: restConsts,
      carryCount: restCarry, isReversed: isReversed)
    return PartialEvaluation(
      known: knownScan, knownOperands: knownInputs, knownResults: knownOutputs, linear: restScan,
      linearOperands: sources, linearResults: unknownOutputs)
  }

  public func isLinear(known: [Bool]) -> Bool { true }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let count = operands.count
    let xs = carryRange.upperBound..<count
    // A carry that starts from 0 is linear, though its start is known.
    for index in carryRange {
      if let start = operands[index].value, !b.isZero(start) {
        throw .notLinear("a 'scan' starts from a value that is not active")
      }
    }
    let linearConsts = (0..<constCount).filter { operands[$0].isLinear }
    let linearXs = xs.filter { operands[$0].isLinear }
    let active = linearConsts + carryRange + linearXs
    let backward = try body.transposed(active: active)
    let knownConsts = (0..<constCount).filter { !operands[$0].isLinear }
    let knownXs = xs.filter { !operands[$0].isLinear }

    // The new loop: consts = known consts; carry = sums of the consts' cotangents, then the
    // carry's; xs = known xs, then ys' cotangents. Its ys are the xs' cotangents.
    var n = ProgramBuilder()
    let consts = knownConsts.map { n.input(body.inputTypes[$0]) }
    let sums = linearConsts.map { n.input(body.inputTypes[$0]) }
    let carry = carryRange.map { n.input(body.inputTypes[$0]) }
    let knownX = knownXs.map { n.input(body.inputTypes[$0]) }
    var yCotangents: [Value] = []
    var yInputs: [Value] = []
    for index in carryCount..<body.outputs.count where body.outputTypes[index].isFloating {
      if cotangents[index] == nil {
        yCotangents.append(try n.zeros(body.outputTypes[index]))
      } else {
        let input = n.input(body.outputTypes[index])
        yInputs.append(input)
        yCotangents.append(input)
      }
    }
    let pulled = try n.call(backward, consts + knownX + carry + yCotangents)
    var results: [Value] = []
    for (sum, value) in zip(sums, pulled) { results.append(try n.add(sum, value)) }
    results += pulled[sums.count...]
    let inputs = consts + sums + carry + knownX + yInputs
    let scan = Scan(
      try n.finish(inputs: inputs, outputs: results), length: length, constCount: consts.count,
      carryCount: sums.count + carryCount, isReversed: !isReversed)

    var newOperands = knownConsts.compactMap { operands[$0].value }
    for index in linearConsts { newOperands.append(try b.zeros(body.inputTypes[index])) }
    for index in 0..<carryCount {
      newOperands.append(try b.instantiate(cotangents[index], body.outputTypes[index]))
    }
    newOperands += knownXs.compactMap { operands[$0].value }
    for index in carryCount..<body.outputs.count where body.outputTypes[index].isFloating {
      if let cotangent = cotangents[index] { newOperands.append(cotangent) }
    }
    let values = try b.apply(scan, newOperands)
    var pulledBack = [Value?](repeating: nil, count: count)
    for (index, value) in zip(active, values) { pulledBack[index] = value }
    return pulledBack
  }
}

extension Program {
  /// Which outputs are mapped if these inputs are.
  func outputsMapped(_ isMapped: [Bool], size: Int) throws(NTKError) -> [Bool] {
    var b = ProgramBuilder()
    var inputs: [Value] = []
    for (type, mapped) in zip(inputTypes, isMapped) {
      inputs.append(b.input(mapped ? type.with(try type.shape.inserting(size, at: 0)) : type))
    }
    return try mapped(inputs, isMapped.map { $0 ? 0 : nil }, size: size, in: &b).axes
      .map { $0 != nil }
  }

  /// Which outputs have a tangent if these inputs have.
  func outputsActive(_ isActive: [Bool]) throws(NTKError) -> [Bool] {
    var b = ProgramBuilder()
    var primals: [Value] = []
    var tangents: [Value?] = []
    for (type, active) in zip(inputTypes, isActive) {
      primals.append(b.input(type))
      tangents.append(active ? b.input(type) : nil)
    }
    return try jvp(primals, tangents, in: &b).tangents.map { $0 != nil }
  }
}
