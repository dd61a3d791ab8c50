extension Program {
  /// The same program, linear in some inputs, where loops take what those give without the loop's
  /// state from outside, stacked. Transposed, the sum over the steps of a weight's cotangents is one
  /// product then, not a sum in the loop's carry.
  public func hoisted(linear: [Int]) throws(NTKError) -> Program {
    guard rows.contains(where: { $0.primitive is any HigherOrder }) else { return self }
    var b = ProgramBuilder()
    var map = addInputs(to: &b)
    let inputs = map
    var isLinear = [Bool](repeating: false, count: inputCount)
    for index in linear { isLinear[index] = true }
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { map[$0.index] }
      let own = equation.operands.map { isLinear[$0.index] }
      for _ in equation.results { isLinear.append(own.contains(true)) }
      if let primitive = equation.primitive as? any HigherOrder, own.contains(true),
        let results = try primitive.hoisted(operands, isLinear: own, in: &b)
      {
        map += results
      } else {
        map += try b.apply(equation.primitive, operands)
      }
    }
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: outputs.map { map[$0.index] })
  }
}
