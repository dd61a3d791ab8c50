import NTKProgram

extension Scan {
  private var carryBuffers: CarryBuffers {
    CarryBuffers(Array(body.outputTypes.prefix(carryCount)))
  }

  // Carries before the last step stand in two places by turns.
  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    length > 1 ? carryBuffers.byteCount : 0
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operands = context.operands
    let results = context.results
    var carry = Array(operands[carryRange])
    if length == 0 {
      for (result, start) in zip(results, carry) { copyArray(from: start, to: result) }
      return
    }
    let buffers = carryBuffers
    let consts = operands[..<constCount]
    let xs = operands[carryRange.upperBound...]
    let ys = results[carryCount...]
    for step in 0..<length {
      let time = isReversed ? length - 1 - step : step
      var next: [ArrayReference] = []
      if step == length - 1 {
        next = Array(results[..<carryCount])
      } else if carryCount > 0 {
        guard let scratch = context.scratch else {
          throw .invariant("scan was given no scratch memory")
        }
        next = buffers.carry(after: step, in: scratch)
      }
      try context.runner.run(
        body, consts + carry + xs.map { $0.element(time) }, next + ys.map { $0.element(time) })
      carry = next
    }
  }
}
