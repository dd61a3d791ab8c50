import NTKOperations
import NTKProgram

/// One side of a kernel by Jacobian contraction, the cut at the parameters themselves:
/// (parameters, other inputs) -> for each output, for each parameter, J of shape output + [P].
struct JacobianSide {
  let program: Program
  /// For each output, along which axis samples are independent, or why they are not.
  let independence: [Result<SampleAxis, SampleAxis.Mixing>]

  init(_ program: Program, _ options: KernelOptions) throws(NTKError) {
    let parameters = options.parameters
    let others = (0..<program.inputCount).filter { !parameters.contains($0) }
    var b = ProgramBuilder()
    var inputs = [Value?](repeating: nil, count: program.inputCount)
    var order: [Value] = []
    for index in parameters + others {
      let input = b.input(program.inputTypes[index], name: program.inputNames[index])
      inputs[index] = input
      order.append(input)
    }
    let operands = inputs.compactMap { $0 }
    var blocks: [Value] = []
    var independence: [Result<SampleAxis, SampleAxis.Mixing>] = []
    for output in program.outputs.indices {
      let one = try program.selecting([output]).simplified()
      let found = try SampleAxis.find(one, parameters: parameters)
      try checkClaims(options, program, found)
      let jacobians =
        switch found {
        case .success(let axis):
          try JacobianSide.bySamples(axis, parameters, operands, in: &b)
        case .failure: try JacobianSide.whole(one, parameters, operands, in: &b)
        }
      independence.append(found)
      let type = program.outputTypes[output]
      for (jacobian, parameter) in zip(jacobians, parameters) {
        let count = program.inputTypes[parameter].shape.elementCount
        let flat = try b.reshape(jacobian, to: try Shape(type.shape.sizes + [count]))
        blocks.append(try b.convert(flat, to: type.elementType))
      }
    }
    self.independence = independence
    self.program = try b.finish(inputs: order, outputs: blocks).simplified()
  }

  /// Samples that are independent: the Jacobian of one sample, mapped over them. O passes
  /// backwards instead of N·O.
  private static func bySamples(
    _ axis: SampleAxis, _ parameters: [Int], _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    let single = try axis.single()
    let jacobian = try single.jacobian(active: parameters)
      .selecting(Array(1..<(1 + parameters.count))).simplified()
    let mapped = try jacobian.vmapped(
      size: axis.size, axes: axis.axes, outAxes: parameters.map { _ in 0 })
    var arguments = operands
    for primitive in axis.hoisted { arguments += try b.apply(primitive, []) }
    for (index, place) in axis.axes.enumerated() {
      guard let place else { continue }
      let shape = b.shape(of: arguments[index])
      arguments[index] = try b.reshape(arguments[index], to: shape.inserting(1, at: place + 1))
    }
    return try b.call(mapped, arguments)
  }

  private static func whole(
    _ program: Program, _ parameters: [Int], _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    let jacobian = try program.jacobian(active: parameters)
    return Array(try b.call(jacobian, operands).dropFirst())
  }
}

/// - Throws: `.argument` where the caller's batch axes contradict what the program does.
private func checkClaims(
  _ options: KernelOptions, _ program: Program,
  _ found: Result<SampleAxis, SampleAxis.Mixing>
) throws(NTKError) {
  guard let claims = options.batchAxes, claims.count == program.inputCount else { return }
  let isClaimed = claims.indices.contains {
    claims[$0] != nil && !options.parameters.contains($0)
  }
  switch found {
  case .failure(let mixing):
    guard isClaimed else { return }
    throw .argument(
      "vmap_axes", expected: "an axis along which samples are independent", got: mixing.reason)
  case .success(let axis):
    for (index, claim) in claims.enumerated() where !options.parameters.contains(index) {
      let rank = program.inputTypes[index].rank
      let claimed = claim.map { $0 < 0 ? $0 + rank : $0 }
      guard claimed != axis.axes[index] else { continue }
      let actual = axis.axes[index].map { "axis \($0)" } ?? "none"
      throw .argument(
        "vmap_axes",
        expected: "\(actual) for \(program.inputLabel(index)), as the program has it",
        got: claim.map { "axis \($0)" } ?? "none")
    }
  }
}
