import NTKOperations
import NTKProgram

/// One side of a kernel by vector products: (parameters, other inputs) -> residuals of the
/// linearised program, and the linear program itself.
struct LinearizedSide {
  let program: Program
  /// (residuals, tangents of parameters) -> tangents of outputs
  let linear: Program
  let residualCount: Int

  init(_ program: Program, _ options: KernelOptions) throws(NTKError) {
    let parameters = options.parameters
    let linearized = try program.simplified().linearized(active: parameters)
    let others = (0..<program.inputCount).filter { !parameters.contains($0) }
    var b = ProgramBuilder()
    var inputs = [Value?](repeating: nil, count: program.inputCount)
    var order: [Value] = []
    for index in parameters + others {
      let input = b.input(program.inputTypes[index], name: program.inputNames[index])
      inputs[index] = input
      order.append(input)
    }
    let results = try b.call(linearized.known, inputs.compactMap { $0 })
    self.program = try b.finish(
      inputs: order, outputs: Array(results.suffix(linearized.residualCount))
    ).simplified()
    linear = try linearized.linear.simplified()
    residualCount = linearized.residualCount
  }
}

extension ProgramBuilder {
  /// The whole kernel of one output, of shape first + second: for each row of the second side's
  /// output basis one pull-back there and one push-forward on the first side. A loop over the
  /// first axis holds one slice's cotangents at a time.
  mutating func vectorProducts(
    output: Int, first: LinearizedSide, _ firstResiduals: [Value], second: LinearizedSide,
    _ secondResiduals: [Value]
  ) throws(NTKError) -> Value {
    let forward = try first.linear.selecting([output])
    let row = try second.linear.selecting([output])
    let active = Array(second.residualCount..<second.linear.inputCount)
    let backward = try row.transposed(active: active)
    let type = row.outputTypes[0]
    let firstType = forward.outputTypes[0]

    let consts = firstResiduals + secondResiduals
    let product = try Program.build(types(of: consts) + [type]) { b, inputs throws(NTKError) in
      let residuals = Array(inputs.dropLast())
      let cotangent = inputs[inputs.count - 1]
      let pulled = try b.call(
        backward, Array(residuals.dropFirst(firstResiduals.count)) + [cotangent])
      return try b.call(forward, Array(residuals.prefix(firstResiduals.count)) + pulled)
    }.simplified()

    let steps = type.rank > 0 ? type.shape[0] : 1
    let inner = steps == 0 ? 0 : type.shape.elementCount / steps
    let mapped = try product.vmapped(
      size: inner, axes: consts.map { _ in nil } + [0], outAxes: [0])
    let identity = try self.identity(type.shape.elementCount, type.elementType)
    let basis = try reshape(identity, to: try Shape([steps, inner] + type.shape.sizes))
    let scan = Scan(mapped, length: steps, constCount: consts.count, carryCount: 0)
    let rows = try apply(scan, consts + [basis])[0]
    // [rows of the second output, first output] -> [first output, second output]
    let sizes = type.shape.sizes + firstType.shape.sizes
    let whole = try reshape(rows, to: try Shape(sizes))
    let ranks = (type.rank, firstType.rank)
    return try transpose(whole, Array(ranks.0..<(ranks.0 + ranks.1)) + Array(0..<ranks.0))
  }
}
