import NTKProgram
import NTKRuntime

/// Runs a program one operation at a time, each result in memory of its own: slow and simple, what
/// tests compare `Executable` with.
public struct ReferenceEvaluator: BodyRunner {
  public init() {}

  /// Evaluates a program into outputs of any strides.
  public static func run(
    _ program: Program, _ inputs: [ArrayReference], _ outputs: [ArrayReference]
  ) throws(NTKError) {
    try ReferenceEvaluator().run(program, inputs, outputs)
  }

  public func run(
    _ body: Program, _ operands: [ArrayReference], _ results: [ArrayReference]
  ) throws(NTKError) {
    var storage: [AlignedStorage] = []
    func allocate(_ type: ValueType) throws(NTKError) -> ArrayReference {
      guard let memory = AlignedStorage(byteCount: type.byteCount) else {
        throw .outOfMemory(needed: type.byteCount, limit: nil)
      }
      storage.append(memory)
      return ArrayReference(data: memory.baseAddress, type: type)
    }
    var values: [ArrayReference] = []
    for (operand, type) in zip(operands, body.inputTypes) {
      let copy = try allocate(type)
      copyArray(from: operand, to: copy)
      values.append(copy)
    }
    for equation in body.equations {
      let operands = equation.operands.map { values[$0.index] }
      let types = body.types(of: equation.operands)
      let layouts = operands.map { Layout(sizes: $0.sizes, strides: $0.strides) }
      var outputs: [ArrayReference] = []
      for result in equation.results { outputs.append(try allocate(body.type(of: result))) }
      let scratchSize = try equation.primitive.scratchByteCount(types, layouts: layouts)
      guard let scratch = AlignedStorage(byteCount: scratchSize) else {
        throw .outOfMemory(needed: scratchSize, limit: nil)
      }
      var context = EvaluationContext(
        operands: operands, results: outputs, runner: self, scratch: scratch.baseAddress)
      try withExtendedLifetime(scratch) { () throws(NTKError) in
        try equation.primitive.evaluate(&context)
      }
      values += outputs
    }
    for (output, result) in zip(body.outputs, results) {
      copyArray(from: values[output.index], to: result)
    }
    withExtendedLifetime(storage) {}
  }
}
