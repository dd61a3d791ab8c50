import NTKOperations
import NTKProgram

/// The axis along which a program's samples are independent, found from axis flow: the axis of the
/// inputs that is carried untouched to an axis of the output.
struct SampleAxis: Sendable {
  /// The program with one output, and arrays that differ from sample to sample as inputs.
  let program: Program
  /// The inputs that were added for such arrays: what makes them.
  let hoisted: [any Primitive]
  /// For each input of `program`, its sample axis; nil: all samples share it.
  let axes: [Int?]
  /// The axis of the output.
  let outputAxis: Int
  /// How many samples there are.
  let size: Int

  /// Why there is none.
  struct Mixing: Error {
    let reason: String
  }

  /// What is found for each output of a program.
  /// - Throws: `.argument` where the caller's batch axes contradict what the program does.
  static func find(
    _ program: Program, _ options: KernelOptions
  ) throws(NTKError) -> [Result<SampleAxis, Mixing>] {
    var results: [Result<SampleAxis, Mixing>] = []
    for output in program.outputs.indices {
      let one = try program.selecting([output]).simplified()
      let rank = program.outputTypes[output].rank
      var claimed: Int?
      if options.batchAxes != nil, let axes = options.outputBatchAxes, output < axes.count {
        claimed = axes[output] < 0 ? axes[output] + rank : axes[output]
        guard let axis = claimed, axis >= 0, axis < rank else {
          throw .axisOutOfRange(axes[output], rank: rank)
        }
      }
      let (hoisted, made) = try hoistingCreations(one)
      var found = Result<SampleAxis, Mixing>.failure(Mixing(reason: "the output has no axes"))
      // Axis 0 is tried first: its reason is the one that is reported.
      var labels = try AxisLabels(hoisted)
      for axis in claimed.map({ [$0] }) ?? Array(0..<rank) {
        let candidate = find(hoisted, made, axis, options.parameters, &labels)
        if axis == 0 || claimed != nil { found = candidate }
        if case .success = candidate {
          found = candidate
          break
        }
      }
      try checkClaims(options, one, found)
      results.append(found)
    }
    return results
  }

  private static func find(
    _ program: Program, _ hoisted: [any Primitive], _ outputAxis: Int, _ parameters: [Int],
    _ labels: inout AxisLabels
  ) -> Result<SampleAxis, Mixing> {
    let output = program.outputs[0]
    let label = labels.label(of: output, axis: outputAxis)
    if let end = labels.end(of: label) {
      return .failure(Mixing(reason: "samples are mixed at \(end.description)"))
    }
    var axes: [Int?] = []
    for input in program.inputs { axes.append(labels.axes(of: input, label: label).first) }
    if let parameter = parameters.first(where: { axes[$0] != nil }) {
      return .failure(
        Mixing(reason: "\(program.inputLabel(parameter)) has an axis of samples itself"))
    }
    guard axes.contains(where: { $0 != nil }) else {
      return .failure(Mixing(reason: "the output's axis \(outputAxis) is none of the inputs'"))
    }
    return .success(
      SampleAxis(
        program: program, hoisted: hoisted, axes: axes, outputAxis: outputAxis,
        size: program.type(of: output).shape[outputAxis]))
  }

  /// Arrays made without operands that are not the same everywhere (`iota`, constants) become
  /// inputs after the others, so that they can be cut along the sample axis too.
  private static func hoistingCreations(
    _ program: Program
  ) throws(NTKError) -> (Program, [any Primitive]) {
    var b = ProgramBuilder()
    let inputs = program.addInputs(to: &b)
    var map = inputs
    var hoisted: [any Primitive] = []
    var added: [Value] = []
    for equation in program.equations {
      b.source = equation.source
      if equation.operands.isEmpty, equation.results.count == 1 {
        let type = program.type(of: equation.results[0])
        if try equation.primitive.axisFlow([]).repeated.count < type.rank {
          let input = b.input(type)
          added.append(input)
          hoisted.append(equation.primitive)
          map.append(input)
          continue
        }
      }
      map += try b.apply(equation.primitive, equation.operands.map { map[$0.index] })
    }
    let result = try b.finish(
      inputs: inputs + added, outputs: program.outputs.map { map[$0.index] })
    return (result, hoisted)
  }

  /// The program of one sample: sample axes have size 1.
  func single() throws(NTKError) -> Program {
    var types: [ValueType] = []
    for (type, axis) in zip(program.inputTypes, axes) {
      var sizes = type.shape.sizes
      if let axis { sizes[axis] = 1 }
      types.append(try ValueType(type.elementType, sizes))
    }
    return try program.resized(inputs: types)
  }

  /// The inputs of `single` mapped over samples: the program's inputs, cut along their sample axes.
  func arguments(
    _ inputs: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value] {
    var arguments = inputs
    for primitive in hoisted { arguments += try b.apply(primitive, []) }
    for (index, place) in axes.enumerated() {
      guard let place else { continue }
      let shape = b.shape(of: arguments[index])
      arguments[index] = try b.reshape(arguments[index], to: shape.inserting(1, at: place + 1))
    }
    return arguments
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
    // One sample, or none, is independent of others.
    let sizes = claims.enumerated().compactMap { index, claim -> Int? in
      let shape = program.inputTypes[index].shape
      guard let claim, claim >= -shape.rank, claim < shape.rank else { return nil }
      return shape[claim < 0 ? claim + shape.rank : claim]
    }
    guard isClaimed, sizes.contains(where: { $0 > 1 }) else { return }
    throw .argument(
      "vmap_axes", expected: "an axis along which samples are independent", got: mixing.reason)
  case .success(let axis):
    var used = Set(program.outputs)
    for equation in program.equations { used.formUnion(equation.operands) }
    for (index, claim) in claims.enumerated() where !options.parameters.contains(index) {
      // What the output does not depend on may have its samples where it likes.
      guard used.contains(Value(index)) else { continue }
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
