import NTKProgram

extension Program {
  /// The same equations, each just before the first that needs it: what a sum over layers needs of
  /// one layer is made, used and gone before the next layer's is made.
  func depthFirst() throws(NTKError) -> Program {
    var definitions = [Int](repeating: -1, count: valueCount)
    for (index, equation) in equations.enumerated() {
      for result in equation.results { definitions[result.index] = index }
    }
    var isPlaced = [Bool](repeating: false, count: equationCount)
    var order: [Int] = []
    order.reserveCapacity(equationCount)
    for output in outputs {
      // An equation waits on the stack until its operands are placed.
      var stack = [(equation: definitions[output.index], next: 0)]
      while let (index, next) = stack.last {
        if index < 0 || isPlaced[index] {
          stack.removeLast()
          continue
        }
        let operands = equation(index).operands
        if next < operands.count {
          stack[stack.count - 1].next += 1
          stack.append((definitions[operands[next].index], 0))
        } else {
          isPlaced[index] = true
          order.append(index)
          stack.removeLast()
        }
      }
    }
    var b = ProgramBuilder()
    let inputs = addInputs(to: &b)
    var map = [Value?](repeating: nil, count: valueCount)
    for (index, input) in inputs.enumerated() { map[index] = input }
    for index in order {
      let equation = equation(index)
      b.source = equation.source
      let results = try b.apply(equation.primitive, equation.operands.compactMap { map[$0.index] })
      for (old, new) in zip(equation.results, results) { map[old.index] = new }
    }
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: outputs.compactMap { map[$0.index] })
  }
}
