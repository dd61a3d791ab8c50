// Forward mode: every equation is followed by the one that carries its tangents.
extension Program {
  /// (inputs, tangents of active inputs) -> (outputs, tangents of floating outputs); captured
  /// inputs stay last.
  public func jvp(active: [Int]) throws(NTKError) -> Program {
    try checkActive(active)
    var b = ProgramBuilder()
    let primals = addInputs(to: &b)
    var tangents = [Value?](repeating: nil, count: inputCount)
    var tangentInputs: [Value] = []
    for index in active {
      let name = inputNames[index]
      let tangent = b.input(types[index], name: name.isEmpty ? "" : "tangent of \(name)")
      tangents[index] = tangent
      tangentInputs.append(tangent)
    }
    let (outputs, outputTangents) = try jvp(primals, tangents, in: &b)
    var results = outputs
    for (output, tangent) in zip(outputs, outputTangents) where b.type(of: output).isFloating {
      results.append(try b.instantiate(tangent, b.type(of: output)))
    }
    return try b.finish(
      inputs: Array(primals.dropLast(capturedCount)) + tangentInputs,
      captured: Array(primals.suffix(capturedCount)), outputs: results)
  }

  /// Adds the equations and their tangents; nil is a zero tangent.
  public func jvp(
    _ primals: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (outputs: [Value], tangents: [Value?]) {
    var primal = primals
    var tangent = tangents
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { primal[$0.index] }
      let operandTangents = equation.operands.map { tangent[$0.index] }
      if operandTangents.allSatisfy({ $0 == nil }) {
        primal += try b.apply(equation.primitive, operands)
        for _ in equation.results { tangent.append(nil) }
      } else {
        let (results, resultTangents) = try equation.primitive.valueAndTangents(
          operands, operandTangents, in: &b)
        primal += results
        // An integer has no tangent, whatever a rule says.
        for (result, value) in zip(results, resultTangents) {
          tangent.append(b.type(of: result).isFloating ? value : nil)
        }
      }
    }
    return (outputs.map { primal[$0.index] }, outputs.map { tangent[$0.index] })
  }

  /// Adds this program's inputs, with their names.
  public func addInputs(to b: inout ProgramBuilder) -> [Value] {
    (0..<inputCount).map { b.input(types[$0], name: inputNames[$0]) }
  }

  /// - Throws: `.argument` unless they are increasing inputs; `.elementType` unless floating.
  func checkActive(_ active: [Int]) throws(NTKError) {
    for (position, index) in active.enumerated() {
      guard index >= 0, index < inputCount, position == 0 || active[position - 1] < index else {
        throw .argument(
          "active", expected: "increasing inputs below \(inputCount)", got: "\(active)")
      }
      guard types[index].isFloating else {
        throw .elementType(
          inputLabel(index), expected: "f32 or f64 to differentiate by it",
          got: types[index].elementType)
      }
    }
  }

  /// Which outputs have tangents.
  var floatingOutputs: [Int] { outputs.indices.filter { types[outputs[$0].index].isFloating } }
}
