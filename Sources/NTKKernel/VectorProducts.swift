import NTKOperations
import NTKProgram

/// One side of a kernel of one output by vector products: the linearised program, of one sample
/// where samples are independent.
struct LinearizedOutput {
  /// (parameters, other inputs) -> the residuals of `linear`
  let program: Program
  /// (residuals, tangents of parameters) -> tangent of the output
  let linear: Program
  /// Whether a residual has samples along its axis 0.
  let isMapped: [Bool]
  let samples: SampleAxis?
  /// The type of the whole output.
  let type: ValueType

  init(
    _ program: Program, output: Int, _ options: KernelOptions,
    _ found: Result<SampleAxis, SampleAxis.Mixing>
  ) throws(NTKError) {
    let parameters = options.parameters
    type = program.outputTypes[output]
    switch found {
    case .failure:
      let linearized = try program.selecting([output]).simplified().linearized(active: parameters)
      samples = nil
      linear = try linearized.linear.simplified()
      isMapped = [Bool](repeating: false, count: linearized.residualCount)
      self.program = try program.building(
        parametersFirst: parameters
      ) { b, inputs throws(NTKError) in
        Array(try b.call(linearized.known, inputs).dropFirst())
      }
    case .success(let axis):
      let linearized = try axis.single().linearized(active: parameters)
      samples = axis
      linear = try linearized.linear.simplified()
      var isMapped: [Bool] = []
      self.program = try program.building(
        parametersFirst: parameters
      ) { b, inputs throws(NTKError) in
        let arguments = try axis.arguments(inputs, in: &b)
        let (values, axes) = try linearized.known.mapped(
          arguments, axis.axes, size: axis.size, in: &b)
        var residuals: [Value] = []
        for (value, place) in zip(values, axes).dropFirst() {
          isMapped.append(place != nil)
          guard let place else {
            residuals.append(value)
            continue
          }
          residuals.append(try b.move(value, axis: place, to: 0))
        }
        return residuals
      }
      self.isMapped = isMapped
    }
  }

  /// The tangent of the whole output at tangents of the parameters.
  fileprivate func pushForward(
    _ residuals: [Value], _ tangents: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    guard let samples else { return try b.call(linear, residuals + tangents)[0] }
    let mapped = try linear.vmapped(
      size: samples.size, axes: isMapped.map { $0 ? 0 : nil } + tangents.map { _ in nil },
      outAxes: [samples.outputAxis])
    return try b.reshape(b.call(mapped, residuals + tangents)[0], to: type.shape)
  }

  /// (residuals, cotangent) -> cotangents of the parameters; of one sample where there are.
  fileprivate func pullBack() throws(NTKError) -> Program {
    try linear.transposed(active: Array(isMapped.count..<linear.inputCount))
  }
}

extension ProgramBuilder {
  /// The whole kernel of one output, of shape first + second: for each row of the second side's
  /// output basis one pull-back there and one push-forward on the first side. A loop over the
  /// second side's samples (or first axis) holds the cotangents of one at a time.
  mutating func vectorProducts(
    first: LinearizedOutput, _ firstResiduals: [Value], second: LinearizedOutput,
    _ secondResiduals: [Value]
  ) throws(NTKError) -> Value {
    let single = second.linear.outputTypes[0]
    let shared = zip(secondResiduals, second.isMapped).filter { !$0.1 }.map { $0.0 }
    let stacked = zip(secondResiduals, second.isMapped).filter { $0.1 }.map { $0.0 }
    let consts = firstResiduals + shared
    let backward = try second.pullBack()

    // (consts, this sample's residuals, one cotangent) -> tangent of the first output
    let stackedTypes = types(of: stacked).map { $0.with($0.shape.removing([0])) }
    let product = try Program.build(
      types(of: consts) + stackedTypes + [single]
    ) { b, inputs throws(NTKError) in
      let left = Array(inputs.prefix(firstResiduals.count))
      var ownShared = inputs[firstResiduals.count..<consts.count].makeIterator()
      var ownStacked = inputs[consts.count..<(inputs.count - 1)].makeIterator()
      let own = second.isMapped.map { $0 ? ownStacked.next() : ownShared.next() }
      let pulled = try b.call(backward, own.compactMap { $0 } + [inputs[inputs.count - 1]])
      return [try first.pushForward(left, pulled, in: &b)]
    }.simplified()

    let steps = second.samples?.size ?? (single.rank > 0 ? single.shape[0] : 1)
    let perStep =
      second.samples == nil
      ? (steps == 0 ? 0 : single.shape.elementCount / steps) : single.shape.elementCount
    let mapped = try product.vmapped(
      size: perStep, axes: product.inputs.dropLast().map { _ in nil } + [0], outAxes: [0])
    let identity = try self.identity(single.shape.elementCount, single.elementType)
    let rows: Value
    if second.samples == nil {
      let basis = try reshape(identity, to: try Shape([steps, perStep] + single.shape.sizes))
      let scan = Scan(mapped, length: steps, constCount: consts.count, carryCount: 0)
      rows = try apply(scan, consts + [basis])[0]
    } else {
      // Every sample has the same basis: a const of the loop, before the stacked residuals.
      let basis = try reshape(identity, to: try Shape([perStep] + single.shape.sizes))
      let body = try Program.build(
        types(of: consts + [basis]) + stackedTypes
      ) { b, inputs throws(NTKError) in
        let own = inputs[(consts.count + 1)...]
        return try b.call(mapped, inputs.prefix(consts.count) + own + [inputs[consts.count]])
      }
      let scan = Scan(body, length: steps, constCount: consts.count + 1, carryCount: 0)
      rows = try apply(scan, consts + [basis] + stacked)[0]
    }
    // [steps, rest of the second output, first output] -> [first output, second output]
    var sizes = second.type.shape.sizes
    if let axis = second.samples?.outputAxis { sizes.insert(sizes.remove(at: axis), at: 0) }
    var whole = try reshape(rows, to: try Shape(sizes + first.type.shape.sizes))
    if let axis = second.samples?.outputAxis { whole = try move(whole, axis: 0, to: axis) }
    let ranks = (second.type.rank, first.type.rank)
    return try transpose(whole, Array(ranks.0..<(ranks.0 + ranks.1)) + Array(0..<ranks.0))
  }
}
