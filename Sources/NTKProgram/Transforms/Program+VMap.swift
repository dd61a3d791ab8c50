extension Program {
  /// The program mapped over an axis of some inputs.
  /// - Parameters:
  ///   - axes: for each input, captured ones too, where the mapped axis stands; nil: not mapped.
  ///   - outAxes: for each output, where to put it; nil: nowhere.
  /// - Throws: `.dependsOnMappedInput` for an output that is mapped and has no place for it.
  public func vmapped(
    size: Int, axes: [Int?], outAxes: [Int?]
  ) throws(NTKError) -> Program {
    guard axes.count == inputCount else {
      throw .argument("in_axes", expected: "\(inputCount) axes", got: "\(axes.count)")
    }
    guard outAxes.count == outputs.count else {
      throw .argument("out_axes", expected: "\(outputs.count) axes", got: "\(outAxes.count)")
    }
    guard size >= 0 else { throw .negativeSize([size]) }
    var b = ProgramBuilder()
    var inputs: [Value] = []
    var places: [Int?] = []
    for (index, axis) in axes.enumerated() {
      guard let axis else {
        inputs.append(b.input(types[index], name: inputNames[index]))
        places.append(nil)
        continue
      }
      let rank = types[index].rank + 1
      guard axis >= -rank, axis < rank else { throw .axisOutOfRange(axis, rank: rank) }
      let place = axis < 0 ? axis + rank : axis
      let shape = try types[index].shape.inserting(size, at: place)
      inputs.append(b.input(types[index].with(shape), name: inputNames[index]))
      places.append(place)
    }
    let (values, axesOfValues) = try mapped(inputs, places, size: size, in: &b)
    var results: [Value] = []
    for (index, value) in values.enumerated() {
      guard let wanted = outAxes[index] else {
        guard axesOfValues[index] == nil else { throw .dependsOnMappedInput(output: index) }
        results.append(value)
        continue
      }
      let rank = outputTypes[index].rank + 1
      guard wanted >= -rank, wanted < rank else { throw .axisOutOfRange(wanted, rank: rank) }
      results.append(
        try b.atBatchAxis(
          value, axesOfValues[index], wanted < 0 ? wanted + rank : wanted, size: size))
    }
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: results)
  }

  /// Adds the equations, mapped; returns the outputs and where the axis stands in each.
  public func mapped(
    _ inputs: [Value], _ axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (outputs: [Value], axes: [Int?]) {
    var map = inputs
    var places = axes
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { map[$0.index] }
      let operandAxes = equation.operands.map { places[$0.index] }
      if operandAxes.allSatisfy({ $0 == nil }) {
        map += try b.apply(equation.primitive, operands)
        for _ in equation.results { places.append(nil) }
      } else {
        let (results, resultAxes) = try equation.primitive.batched(
          operands, axes: operandAxes, size: size, in: &b)
        map += results
        places += resultAxes
      }
    }
    return (outputs.map { map[$0.index] }, outputs.map { places[$0.index] })
  }
}
