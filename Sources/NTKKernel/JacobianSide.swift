import NTKOperations
import NTKProgram

/// One side of a kernel of one output by Jacobian contraction, the cut at the parameters
/// themselves: (parameters, other inputs) -> for each parameter, J of shape output + [P].
struct JacobianSide {
  let program: Program

  init(
    _ program: Program, output: Int, _ options: KernelOptions,
    _ found: Result<SampleAxis, SampleAxis.Mixing>
  ) throws(NTKError) {
    let parameters = options.parameters
    let type = program.outputTypes[output]
    self.program = try program.building(parametersFirst: parameters) { b, inputs throws(NTKError) in
      let jacobians =
        switch found {
        case .success(let axis): try bySamples(axis, parameters, inputs, in: &b)
        case .failure: try whole(program.selecting([output]), parameters, inputs, in: &b)
        }
      var blocks: [Value] = []
      for (jacobian, parameter) in zip(jacobians, parameters) {
        let count = program.inputTypes[parameter].shape.elementCount
        let flat = try b.reshape(jacobian, to: try Shape(type.shape.sizes + [count]))
        blocks.append(try b.convert(flat, to: type.elementType))
      }
      return blocks
    }
  }
}

/// Samples that are independent: the Jacobian of one sample, mapped over them. O passes backwards
/// instead of N·O.
private func bySamples(
  _ axis: SampleAxis, _ parameters: [Int], _ inputs: [Value], in b: inout ProgramBuilder
) throws(NTKError) -> [Value] {
  let jacobian = try axis.single().jacobian(active: parameters)
    .selecting(Array(1..<(1 + parameters.count))).simplified()
  let mapped = try jacobian.vmapped(
    size: axis.size, axes: axis.axes, outAxes: parameters.map { _ in axis.outputAxis })
  return try b.call(mapped, axis.arguments(inputs, in: &b))
}

private func whole(
  _ program: Program, _ parameters: [Int], _ inputs: [Value], in b: inout ProgramBuilder
) throws(NTKError) -> [Value] {
  let jacobian = try program.jacobian(active: parameters)
  return Array(try b.call(jacobian, inputs).dropFirst())
}
