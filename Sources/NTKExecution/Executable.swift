import NTKProgram
import NTKRuntime

/// A program compiled for its shapes: elementwise chains run in blocks, views cost nothing, buffers
/// stand in one arena by their lifetimes.
public final class Executable: Sendable {
  /// One thing to do; steps run in order.
  enum Step: Sendable {
    case group(ElementwiseGroup)
    case evaluate(Evaluation)
    case copy(from: Place, to: Int, ElementType)
  }

  /// One operation run by its own `evaluate`.
  struct Evaluation: Sendable {
    let primitive: any Primitive
    let operands: [(place: Place, elementType: ElementType)]
    /// Buffers that strided operands are copied into first; nil: taken as they stand.
    let contiguous: [Int?]
    let results: [(buffer: Int, type: ValueType)]
    let scratch: Int
    let bodies: [ObjectIdentifier: Executable]
    /// Offset of the bodies' arena within the scratch buffer.
    let bodyOffset: Int
    /// The user's line, for what is found while running.
    let source: SourceLine?
  }

  /// A value's elements: a buffer and a layout in it.
  struct Place: Sendable {
    var buffer: Int
    var layout: Layout
  }

  enum Buffer: Sendable {
    case input(Int)
    case output(Int)
    case arena(offset: Int)
    case constant(offset: Int)
  }

  public let program: Program
  let buffers: [Buffer]
  let steps: [Step]
  public let arenaByteCount: Int
  let constants: AlignedStorage
  /// Bytes of one thread's slots, the greatest of all groups and bodies.
  let slotsByteCount: Int
  /// The arena of the last run, kept for the next while it is small.
  private let spare = Guarded<AlignedStorage?>(nil)

  private static let greatestSpare = 32 << 20

  public init(_ program: Program) throws(NTKError) {
    let plan = try ExecutionPlan(program.withCallsInline().simplified())
    self.program = program
    buffers = plan.buffers
    steps = plan.steps
    arenaByteCount = plan.arena.byteCount
    slotsByteCount = plan.slotsByteCount
    constants = plan.constants
  }

  /// Bytes that a run takes beside row-major inputs and outputs.
  public var peakByteCount: Int {
    [arenaByteCount, slotsByteCount * ThreadPool.threadCount].saturatingSum()
  }

  /// Runs the program. Inputs and outputs may have any strides; those with gaps are copied.
  /// - Parameter workspace: memory of at least `arenaByteCount` bytes that nobody else uses
  ///   meanwhile; nil: the program's own.
  public func run(
    inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions = RunOptions(),
    workspace: AlignedStorage? = nil
  ) throws(NTKError) {
    try options.checkCancelled()
    guard inputs.count == program.inputCount, outputs.count == program.outputs.count else {
      throw .operandCount(
        expected: "\(program.inputCount) inputs and \(program.outputs.count) outputs",
        got: inputs.count)
    }
    if options.findsNaNs {
      return try ReferenceEvaluator(finding: options).run(program, inputs, outputs)
    }
    var copies: [AlignedStorage] = []
    let gaps = (inputs + outputs).filter { !$0.isContiguous }
    let copied = gaps.map { $0.elementCount * $0.elementType.byteCount }
    try options.checkLimit((copied + [peakByteCount]).saturatingSum())
    func contiguous(_ array: ArrayReference) throws(NTKError) -> ArrayReference {
      if array.isContiguous { return array }
      let type = try ValueType(array.elementType, array.sizes)
      guard let memory = AlignedStorage(byteCount: type.byteCount) else {
        throw .outOfMemory(needed: type.byteCount, limit: nil)
      }
      copies.append(memory)
      return ArrayReference(data: memory.baseAddress, type: type)
    }
    var inputAddresses: [UnsafeMutableRawPointer] = []
    for input in inputs {
      let array = try contiguous(input)
      if array.data != input.data { copyArray(from: input, to: array) }
      inputAddresses.append(array.data)
    }
    var outputArrays: [ArrayReference] = []
    for output in outputs { outputArrays.append(try contiguous(output)) }
    let given = workspace.flatMap { $0.byteCount >= arenaByteCount ? $0 : nil }
    let kept =
      given != nil
      ? given
      : spare.withLock { arena in
        let taken = arena
        arena = nil
        return taken
      }
    guard let arena = kept ?? AlignedStorage(byteCount: arenaByteCount) else {
      throw .outOfMemory(needed: arenaByteCount, limit: nil)
    }
    let meter = ProgressMeter(options, total: steps.count)
    try execute(inputAddresses, outputArrays.map(\.data), arena.baseAddress, meter, isBody: false)
    if given == nil, arenaByteCount <= Executable.greatestSpare { spare.withLock { $0 = arena } }
    for (array, output) in zip(outputArrays, outputs) where array.data != output.data {
      copyArray(from: array, to: output)
    }
    withExtendedLifetime(copies) {}
  }

  /// Runs the steps over row-major arrays. The steps of a body are not counted, but watched.
  func execute(
    _ inputs: [UnsafeMutableRawPointer], _ outputs: [UnsafeMutableRawPointer],
    _ arena: UnsafeMutableRawPointer, _ meter: ProgressMeter, isBody: Bool
  ) throws(NTKError) {
    let base = buffers.map { buffer in
      switch buffer {
      case .input(let index): inputs[index]
      case .output(let index): outputs[index]
      case .arena(let offset): arena + offset
      case .constant(let offset): constants.baseAddress + offset
      }
    }
    for (index, step) in steps.enumerated() {
      switch step {
      case .group(let group):
        guard group.run(base, meter.options.isCancelled) else {
          throw .outOfMemory(needed: group.slotsByteCount, limit: nil)
        }
      case .evaluate(let evaluation): try evaluation.run(base, meter)
      case .copy(let place, let target, let type):
        let source = place.reference(base, type)
        copyStrided(
          from: source.data, Layout(sizes: source.sizes, strides: source.strides),
          to: base[target], itemSize: type.byteCount)
      }
      if isBody { try meter.poll() } else { try meter.report(index + 1) }
    }
  }
}

extension Executable.Place {
  func reference(
    _ base: [UnsafeMutableRawPointer], _ type: ElementType
  ) -> ArrayReference {
    ArrayReference(
      data: base[buffer] + layout.offset * type.byteCount, elementType: type, sizes: layout.sizes,
      strides: layout.strides)
  }
}

extension Executable.Evaluation {
  func run(_ base: [UnsafeMutableRawPointer], _ meter: ProgressMeter) throws(NTKError) {
    var arrays: [ArrayReference] = []
    for ((place, type), copy) in zip(operands, contiguous) {
      let source = place.reference(base, type)
      guard let copy else {
        arrays.append(source)
        continue
      }
      copyStrided(
        from: source.data, Layout(sizes: source.sizes, strides: source.strides), to: base[copy],
        itemSize: type.byteCount)
      arrays.append(
        ArrayReference(data: base[copy], type: try ValueType(type, place.layout.sizes)))
    }
    let outputs = results.map { ArrayReference(data: base[$0.buffer], type: $0.type) }
    let runner = ExecutableRunner(
      bodies: bodies, arena: base[scratch] + bodyOffset, meter: meter)
    var context = EvaluationContext(
      operands: arrays, results: outputs, runner: runner, scratch: base[scratch])
    do throws(NTKError) {
      try primitive.evaluate(&context)
    } catch {
      guard let source, error.source == nil else { throw error }
      throw .atLine(file: source.file, line: source.line, error)
    }
  }
}

/// Runs the compiled bodies of an operation in memory planned with it.
private struct ExecutableRunner: BodyRunner {
  let bodies: [ObjectIdentifier: Executable]
  let arena: UnsafeMutableRawPointer
  let meter: ProgressMeter

  func run(
    _ body: Program, _ operands: [ArrayReference], _ results: [ArrayReference]
  ) throws(NTKError) {
    guard let executable = bodies[ObjectIdentifier(body)] else {
      throw .invariant("a body was not compiled")
    }
    try executable.execute(
      operands.map(\.data), results.map(\.data), arena, meter, isBody: true)
  }
}
