/// How a Jacobian is formed.
public enum JacobianMode: Int32, Sendable {
  /// By the sizes of inputs and outputs.
  case automatic = 0
  /// One pass forwards for each element of an input.
  case forward = 1
  /// One pass backwards for each element of an output.
  case reverse = 2
}

extension Program {
  /// inputs -> (outputs, then for each floating output, for each active input, the array of shape
  /// output + input).
  public func jacobian(
    active: [Int], mode: JacobianMode = .automatic
  ) throws(NTKError) -> Program {
    let linearized = try self.linearized(active: active)
    let floating = floatingOutputs
    let inputSize = active.map { types[$0].shape.elementCount }.saturatingSum()
    let outputSize = floating.map { self.outputTypes[$0].shape.elementCount }.saturatingSum()
    let isForward =
      mode == .forward
      || (mode == .automatic && inputSize < outputSize && !linearized.linear.isReverseOnly)
    var b = ProgramBuilder()
    let inputs = addInputs(to: &b)
    let results = try b.call(linearized.known, inputs)
    let residuals = Array(results.suffix(linearized.residualCount))
    let outputTypes = floating.map { self.outputTypes[$0] }
    let blocks =
      isForward
      ? try linearized.forwardBlocks(residuals, active.map { types[$0] }, outputTypes, in: &b)
      : try linearized.reverseBlocks(residuals, active.map { types[$0] }, outputTypes, in: &b)
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: Array(results.prefix(outputs.count)) + blocks)
  }
}

extension LinearizedProgram {
  /// For each output, for each input, the block of the Jacobian: by one vmap of the linear
  /// program over the basis of each input.
  func forwardBlocks(
    _ residuals: [Value], _ inputs: [ValueType], _ outputs: [ValueType],
    in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    var columns: [[Value]] = []
    for (position, type) in inputs.enumerated() {
      // The other tangents are zeros inside the program, where they cost nothing.
      let one = try Program.build(
        linear.inputTypes.prefix(residualCount) + [type]
      ) { b, values throws(NTKError) in
        var tangents: [Value] = []
        for (index, other) in inputs.enumerated() {
          tangents.append(
            index == position ? values[residualCount] : try b.zeros(other))
        }
        return try b.call(linear, values.prefix(residualCount) + tangents)
      }
      columns.append(
        try one.simplified().overBasis(of: type, residuals, in: &b, placeLast: true))
    }
    var blocks: [Value] = []
    for (index, output) in outputs.enumerated() {
      for (column, input) in zip(columns, inputs) {
        let shape = try Shape(output.shape.sizes + input.shape.sizes)
        blocks.append(try b.reshape(column[index], to: shape))
      }
    }
    return blocks
  }

  /// The same by one vmap of the transposed program over the basis of each output.
  func reverseBlocks(
    _ residuals: [Value], _ inputs: [ValueType], _ outputs: [ValueType],
    in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    var blocks: [Value] = []
    for (index, type) in outputs.enumerated() {
      let row = try linear.selecting([index]).transposed(
        active: Array(residualCount..<linear.inputCount)
      ).simplified()
      let rows = try row.overBasis(of: type, residuals, in: &b, placeLast: false)
      for (value, input) in zip(rows, inputs) {
        let shape = try Shape(type.shape.sizes + input.shape.sizes)
        let block = try b.reshape(value, to: shape)
        // As forwards: of the output's element type, which a cotangent of the input is not.
        blocks.append(try b.convert(block, to: type.elementType))
      }
    }
    return blocks
  }
}

extension Program {
  /// The program with only some of its outputs.
  public func selecting(_ indices: [Int]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    let inputs = addInputs(to: &b)
    let results = try b.call(self, inputs)
    return try b.finish(
      inputs: Array(inputs.dropLast(capturedCount)), captured: Array(inputs.suffix(capturedCount)),
      outputs: indices.map { results[$0] })
  }

  /// This program, linear in its last input, at every basis vector of the input's type.
  func overBasis(
    of type: ValueType, _ residuals: [Value], in b: inout ProgramBuilder, placeLast: Bool
  ) throws(NTKError) -> [Value] {
    let count = type.shape.elementCount
    if count == 1 {
      let results = try call(residuals + [b.ones(type)], in: &b)
      var stacked: [Value] = []
      for value in results {
        let rank = b.shape(of: value).rank
        stacked.append(try b.broadcast(value, inserting: 1, at: placeLast ? rank : 0))
      }
      return stacked
    }
    let identity = try b.identity(count, type.elementType)
    let basis = try b.reshape(identity, to: try Shape([count] + type.shape.sizes))
    let mapped = try vmapped(
      size: count, axes: residuals.map { _ in nil } + [0],
      outAxes: outputs.map { _ in placeLast ? -1 : 0 })
    return try mapped.call(residuals + [basis], in: &b)
  }

  private func call(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.call(self, operands)
  }
}
