import NTKProgram

extension Program {
  /// The same with captured inputs as ordinary ones.
  func binding() throws(NTKError) -> Program {
    if capturedCount == 0 { return self }
    var b = ProgramBuilder()
    let inputs = addInputs(to: &b)
    let results = try b.call(self, inputs)
    return try b.finish(inputs: inputs, outputs: results)
  }

  /// A program of this one's inputs, parameters before the others; the body gets them in this
  /// program's order.
  func building(
    parametersFirst parameters: [Int],
    _ body: (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
  ) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var inputs = [Value?](repeating: nil, count: inputCount)
    var order: [Value] = []
    for index in parameters + (0..<inputCount).filter({ !parameters.contains($0) }) {
      let input = b.input(inputTypes[index], name: inputNames[index])
      inputs[index] = input
      order.append(input)
    }
    let outputs = try body(&b, inputs.compactMap { $0 })
    return try b.finish(inputs: order, outputs: outputs).simplified()
  }

  /// - Throws: `.argument` unless they are increasing inputs; `.elementType` unless floating.
  func checkParameters(_ parameters: [Int]) throws(NTKError) {
    for (position, index) in parameters.enumerated() {
      guard index >= 0, index < inputCount, position == 0 || parameters[position - 1] < index else {
        throw .argument(
          "parameters", expected: "increasing inputs below \(inputCount)", got: "\(parameters)")
      }
      guard inputTypes[index].isFloating else {
        throw .elementType(
          inputLabel(index), expected: "f32 or f64, as a parameter",
          got: inputTypes[index].elementType)
      }
    }
  }
}
