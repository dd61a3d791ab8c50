extension Program {
  /// The same function with every call's equation replaced by those of its callee: what is run,
  /// without the rules of derivatives.
  public func withCallsInline() throws(NTKError) -> Program {
    guard rows.contains(where: { $0.primitive is any Call }) else { return self }
    var b = ProgramBuilder()
    let inputs = addInputs(to: &b)
    let results = try emitWithCallsInline(inputs, in: &b)
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: results)
  }

  private func emitWithCallsInline(
    _ inputs: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    var map = inputs
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { map[$0.index] }
      guard let call = equation.primitive as? any Call else {
        map += try b.apply(equation.primitive, operands)
        continue
      }
      // Programs nest to a small depth, which the parser and the builder limit.
      map += try call.callee().emitWithCallsInline(
        call.calleeOperands(operands.count).map { operands[$0] }, in: &b)
    }
    return outputs.map { map[$0.index] }
  }

  /// Whether a derivative in it was given for reverse mode only.
  public var isReverseOnly: Bool {
    equations.contains { equation in
      equation.primitive.evaluation.contains(.reverseOnly)
        || (equation.primitive as? any HigherOrder)?.bodies.contains(where: \.isReverseOnly)
          ?? false
    }
  }
}
