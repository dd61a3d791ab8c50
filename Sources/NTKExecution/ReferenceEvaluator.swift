import NTKProgram
import NTKRuntime

/// Runs a program one operation at a time, each result in memory of its own: slow and simple, what
/// tests compare `Executable` with.
public struct ReferenceEvaluator: BodyRunner {
  /// Watches a run that looks for the first NaN; nil: any NaN is as good as a number.
  private let meter: ProgressMeter?

  public init() { meter = nil }

  /// Throws `.notANumber` where an operation makes a NaN of operands that have none.
  init(finding options: RunOptions) { meter = ProgressMeter(options, total: 1) }

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
        do throws(NTKError) {
          try meter?.poll()
          try equation.primitive.evaluate(&context)
          try findNaN(equation, operands, outputs)
        } catch {
          guard let source = equation.source, error.source == nil else { throw error }
          throw .atLine(file: source.file, line: source.line, error)
        }
      }
      values += outputs
    }
    for (output, result) in zip(body.outputs, results) {
      copyArray(from: values[output.index], to: result)
    }
    withExtendedLifetime(storage) {}
  }

  private func findNaN(
    _ equation: Program.Equation, _ operands: [ArrayReference], _ results: [ArrayReference]
  ) throws(NTKError) {
    guard meter != nil, results.contains(where: \.hasNaN), !operands.contains(where: \.hasNaN)
    else { return }
    throw .notANumber(operation: equation.primitive.name)
  }
}

extension ArrayReference {
  /// Of a row-major array.
  fileprivate var hasNaN: Bool {
    func any<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Bool {
      UnsafeBufferPointer(start: data.assumingMemoryBound(to: type), count: elementCount)
        .contains { $0.isNaN }
    }
    return switch elementType {
    case .f32: any(Float.self)
    case .f64: any(Double.self)
    default: false
    }
  }
}
