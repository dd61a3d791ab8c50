extension Program {
  /// Checks every invariant of a program: what `ProgramBuilder` cannot get wrong by construction,
  /// checked again after the fact. Tests run it on what every transform gives.
  /// - Throws: `.invariant`.
  public func verify() throws(NTKError) {
    var defined = inputCount
    guard capturedCount <= inputCount, inputNames.count == inputCount else {
      throw .invariant("inputs: \(inputCount), captured \(capturedCount)")
    }
    for (index, equation) in equations.enumerated() {
      let place = "equation \(index) (\(equation.primitive.name))"
      for operand in equation.operands where operand.index < 0 || operand.index >= defined {
        throw .invariant("\(place) uses \(operand) before it is defined")
      }
      let expected: [ValueType]
      do throws(NTKError) {
        expected = try equation.primitive.resultTypes(types(of: equation.operands))
      } catch {
        throw .invariant("\(place): \(error.message)")
      }
      guard expected == types(of: equation.results) else {
        throw .invariant("\(place) has results \(types(of: equation.results)), not \(expected)")
      }
      for result in equation.results {
        guard result.index == defined else {
          throw .invariant("\(place) defines \(result) out of order")
        }
        defined += 1
      }
      if let primitive = equation.primitive as? any HigherOrder {
        for body in primitive.bodies {
          guard body.capturedCount == 0 else { throw .invariant("\(place): its body captures") }
          try body.verify()
        }
      }
    }
    guard defined == valueCount else { throw .invariant("\(valueCount) types, \(defined) values") }
    for output in outputs where output.index < 0 || output.index >= defined {
      throw .invariant("output \(output) is not defined")
    }
  }
}
