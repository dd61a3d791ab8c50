import NTKOperations
import NTKProgram

/// The axis along which a program's samples are independent, found from axis flow: the axis of the
/// inputs that is carried untouched to axis 0 of the output.
struct SampleAxis {
  /// The program with one output, and arrays that differ from sample to sample as inputs.
  let program: Program
  /// The inputs that were added for such arrays: what makes them.
  let hoisted: [any Primitive]
  /// For each input of `program`, its sample axis; nil: all samples share it.
  let axes: [Int?]
  /// How many samples there are.
  let size: Int

  /// Why there is none.
  struct Mixing: Error {
    let reason: String
  }

  /// - Parameters:
  ///   - program: one output.
  ///   - parameters: inputs that all samples must share.
  static func find(
    _ program: Program, parameters: [Int]
  ) throws(NTKError) -> Result<SampleAxis, Mixing> {
    let (program, hoisted) = try hoistingCreations(program)
    let output = program.outputs[0]
    guard program.type(of: output).rank > 0 else {
      return .failure(Mixing(reason: "the output has no axes"))
    }
    var labels = try AxisLabels(program)
    let label = labels.label(of: output, axis: 0)
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
      return .failure(Mixing(reason: "the output's axis 0 is none of the inputs'"))
    }
    return .success(
      SampleAxis(
        program: program, hoisted: hoisted, axes: axes, size: program.type(of: output).shape[0]))
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
}
