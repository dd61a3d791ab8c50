import NTKProgram

extension Scan {
  /// What linear consts and xs give without the carry is computed for all steps at once.
  public func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    var hasState = body.inputs.map { carryRange.contains($0.index) }
    var isLinear = isLinear
    var isOutside = [Bool](repeating: false, count: body.inputCount)
    for equation in body.equations {
      let state = equation.operands.contains { hasState[$0.index] }
      let linear = equation.operands.contains { isLinear[$0.index] }
      for _ in equation.results {
        hasState.append(state)
        isLinear.append(linear)
        isOutside.append(!state && linear)
      }
    }
    // The values that the loop still needs of those computed outside.
    var needed = Set(body.outputs.filter { isOutside[$0.index] })
    for equation in body.equations where !isOutside[equation.results[0].index] {
      needed.formUnion(equation.operands.filter { isOutside[$0.index] })
    }
    guard !needed.isEmpty, !makesMore(isOutside) else { return nil }
    let wanted = needed.sorted()
    let free = body.inputs.filter { !carryRange.contains($0.index) }
    let outside = try body.selecting(wanted, from: free)
    let (values, axes) = try outside.mapped(
      free.map { operands[$0.index] }, free.map { $0.index < constCount ? nil : 0 }, size: length,
      in: &b)
    return try loop(operands, wanted, values, axes, isOutside, in: &b)
  }

  /// Whether a value computed outside is larger than all that a step reads: stacked for all steps it
  /// would take more memory than the loop has reason to.
  private func makesMore(_ isOutside: [Bool]) -> Bool {
    let read = body.inputTypes.map(\.byteCount).saturatingSum()
    return isOutside.indices.contains {
      isOutside[$0] && body.type(of: Value($0)).byteCount > read
    }
  }

  /// The loop with values from outside: those that vary are xs, the others consts.
  private func loop(
    _ operands: [Value], _ wanted: [Value], _ values: [Value], _ axes: [Int?],
    _ isOutside: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    var used = Set(body.outputs)
    for equation in body.equations where !isOutside[equation.results[0].index] {
      used.formUnion(equation.operands)
    }
    var c = ProgramBuilder()
    var map = [Value?](repeating: nil, count: body.valueCount)
    var inputs: [Value] = []
    var newOperands: [Value] = []
    func take(_ value: Value, _ operand: Value, in c: inout ProgramBuilder) {
      let input = c.input(body.type(of: value))
      map[value.index] = input
      inputs.append(input)
      newOperands.append(operand)
    }
    for index in 0..<constCount where used.contains(Value(index)) {
      take(Value(index), operands[index], in: &c)
    }
    for (position, value) in wanted.enumerated() where axes[position] == nil {
      take(value, values[position], in: &c)
    }
    let newConstCount = inputs.count
    for index in carryRange { take(Value(index), operands[index], in: &c) }
    for index in carryRange.upperBound..<body.inputCount where used.contains(Value(index)) {
      take(Value(index), operands[index], in: &c)
    }
    for (position, value) in wanted.enumerated() {
      guard let axis = axes[position] else { continue }
      take(value, try b.move(values[position], axis: axis, to: 0), in: &c)
    }
    for equation in body.equations where !isOutside[equation.results[0].index] {
      c.source = equation.source
      let own = equation.operands.compactMap { map[$0.index] }
      for (old, new) in zip(equation.results, try c.apply(equation.primitive, own)) {
        map[old.index] = new
      }
    }
    let newBody = try c.finish(inputs: inputs, outputs: body.outputs.compactMap { map[$0.index] })
    return try b.apply(
      Scan(
        newBody, length: length, constCount: newConstCount, carryCount: carryCount,
        isReversed: isReversed), newOperands)
  }
}

extension Program {
  /// The program from some inputs to some values, which must follow from them.
  fileprivate func selecting(_ wanted: [Value], from free: [Value]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var map = [Value?](repeating: nil, count: valueCount)
    var inputs: [Value] = []
    for value in free {
      let input = b.input(type(of: value))
      map[value.index] = input
      inputs.append(input)
    }
    for equation in equations {
      let operands = equation.operands.compactMap { map[$0.index] }
      guard operands.count == equation.operands.count else { continue }
      b.source = equation.source
      for (old, new) in zip(equation.results, try b.apply(equation.primitive, operands)) {
        map[old.index] = new
      }
    }
    return try b.finish(inputs: inputs, outputs: wanted.compactMap { map[$0.index] })
  }
}
