/// A program's value and its derivative at that point, in two programs.
public struct LinearizedProgram {
  /// inputs -> (outputs, residuals); captured inputs last.
  public let known: Program
  /// (residuals, tangents of active inputs) -> tangents of floating outputs
  public let linear: Program
  public let residualCount: Int
}

extension Program {
  /// Forward mode in two parts.
  public func linearized(active: [Int]) throws(NTKError) -> LinearizedProgram {
    let jvp = try self.jvp(active: active)
    let ordinary = inputCount - capturedCount
    let isTangent = (0..<jvp.inputCount).map { $0 >= ordinary && $0 < ordinary + active.count }
    let split = try jvp.split(known: isTangent.map { !$0 })
    // A tangent that is known is a zero; the linear program still gives it.
    var l = ProgramBuilder()
    let inputs = split.rest.addInputs(to: &l)
    var computed = try l.call(split.rest, inputs).makeIterator()
    var tangents: [Value] = []
    for position in outputs.count..<jvp.outputs.count {
      if split.knownOutputs[position] {
        tangents.append(try l.zeros(jvp.outputTypes[position]))
      } else if let value = computed.next() {
        tangents.append(value)
      }
    }
    var k = ProgramBuilder()
    let knownInputs = split.known.addInputs(to: &k)
    let results = try k.call(split.known, knownInputs)
    let residuals = results.suffix(split.residualCount)
    return LinearizedProgram(
      known: try k.finish(
        inputs: Array(knownInputs.dropLast(capturedCount)),
        captured: Array(knownInputs.suffix(capturedCount)),
        outputs: Array(results.prefix(outputs.count)) + residuals),
      linear: try l.finish(inputs: inputs, outputs: tangents)
        .hoisted(linear: Array(split.residualCount..<inputs.count)),
      residualCount: split.residualCount)
  }

  /// Reverse mode: the forward program of `linearized`, and its linear program transposed:
  /// (residuals, cotangents of floating outputs) -> cotangents of active inputs.
  public func vjp(
    active: [Int]
  ) throws(NTKError) -> (forward: Program, backward: Program, residualCount: Int) {
    let linearized = try self.linearized(active: active)
    let count = linearized.residualCount
    let tangents = Array(count..<linearized.linear.inputCount)
    return (linearized.known, try linearized.linear.transposed(active: tangents), count)
  }
}
