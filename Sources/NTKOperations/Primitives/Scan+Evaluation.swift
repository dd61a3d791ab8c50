import NTKProgram

extension Scan {
  private func carryOffsets() -> (offsets: [Int], total: Int) {
    var offsets: [Int] = []
    var total = 0
    for type in body.outputTypes.prefix(carryCount) {
      offsets.append(total)
      total = [total, (type.byteCount + 63) / 64 * 64].saturatingSum()
    }
    return (offsets, total)
  }

  // Carries before the last step stand in two places by turns.
  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    let total = carryOffsets().total
    return length > 1 ? [total, total].saturatingSum() : 0
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operands = context.operands
    let results = context.results
    var carry = Array(operands[carryRange])
    if length == 0 {
      for (result, start) in zip(results, carry) {
        copyStrided(
          from: start.data, Layout(sizes: start.sizes, strides: start.strides), to: result.data,
          itemSize: start.elementType.byteCount)
      }
      return
    }
    let (offsets, total) = carryOffsets()
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
        let base = scratch + (step % 2) * total
        for (offset, type) in zip(offsets, body.outputTypes) {
          next.append(ArrayReference(data: base + offset, type: type))
        }
      }
      try context.runner.run(
        body, consts + carry + xs.map { $0.element(time) }, next + ys.map { $0.element(time) })
      carry = next
    }
  }
}
