import NTKExecution
import NTKOperations
import NTKProgram
import NTKRuntime

/// The empirical neural tangent kernel of two programs with the same parameters,
///
///     Θ_i(x1, x2) = J_i(x1) J_i(x2)ᵀ,   J_i = ∂(output i)/∂(parameters),
///
/// for each output i, by the axis rules of `KernelOptions`. It consists of programs: one for each
/// side, and one for the pair.
public final class TangentKernel: Sendable {
  public let options: KernelOptions
  /// Types of the results, one for each output.
  public let resultTypes: [ValueType]
  let first: Program
  let second: Program?
  let rules: [AxisRules]
  let parts: [KernelParts]
  let leaves: [Leaf]
  let samples: [Result<SampleAxis, SampleAxis.Mixing>]
  let secondSamples: [Result<SampleAxis, SampleAxis.Mixing>]?
  private let composed = Guarded<Program?>(nil)
  /// By memory limit.
  private let schedules = Guarded<[Int: TileSchedule?]>([:])
  private static let scheduleCount = 4

  /// A parameter, for the explanation.
  struct Leaf: Sendable {
    let label: String
    let type: ValueType
  }

  /// - Parameters:
  ///   - first: the program of the first side.
  ///   - second: of the second side, with equal parameters; nil: the first's, at the same inputs.
  /// - Throws: `.argument`, `.elementType`, `.axisOutOfRange`, `.sizesDiffer`, `.unsupported`.
  public convenience init(
    first: Program, second: Program? = nil, options: KernelOptions
  ) throws(NTKError) {
    try self.init(first, second, options, choices: nil)
  }

  /// - Parameter choices: for each output, for each parameter, what was chosen for the whole of
  ///   which this is a tile.
  init(
    _ first: Program, _ second: Program?, _ options: KernelOptions, choices: [[Bool]]?
  ) throws(NTKError) {
    try TangentKernel.check(first, second, options)
    self.options = options
    leaves = options.parameters.map {
      Leaf(label: first.inputLabel($0), type: first.inputTypes[$0])
    }
    var rules: [AxisRules] = []
    var types: [ValueType] = []
    for (a, b) in zip(first.outputTypes, (second ?? first).outputTypes) {
      let own = try AxisRules(options, a.shape, b.shape)
      rules.append(own)
      let elementType = a.elementType == b.elementType ? a.elementType : .f64
      types.append(ValueType(elementType, try own.resultShape(a.shape, b.shape)))
    }
    resultTypes = types
    self.first = first
    self.second = second
    let samples = try SampleAxis.find(first, options)
    let secondSamples = try second.map { program throws(NTKError) in
      try SampleAxis.find(program, options)
    }
    var parts: [KernelParts] = []
    for (index, own) in rules.enumerated() {
      let builder = KernelPartsBuilder(
        first: first, second: second, output: index, options: options, rules: own,
        type: types[index], samples: samples[index], secondSamples: secondSamples?[index],
        choices: choices?[index])
      parts.append(try builder.build())
    }
    self.samples = samples
    self.secondSamples = secondSamples
    self.rules = rules
    self.parts = parts
  }

  private static func check(
    _ first: Program, _ second: Program?, _ options: KernelOptions
  ) throws(NTKError) {
    try first.checkParameters(options.parameters)
    for (index, type) in first.outputTypes.enumerated() where !type.isFloating {
      throw .elementType("output \(index)", expected: "f32 or f64", got: type.elementType)
    }
    guard let second else { return }
    try second.checkParameters(options.parameters)
    for (index, type) in second.outputTypes.enumerated() where !type.isFloating {
      throw .elementType("output \(index)", expected: "f32 or f64", got: type.elementType)
    }
    guard first.outputs.count == second.outputs.count else {
      throw .argument(
        "second", expected: "\(first.outputs.count) outputs, as the first has",
        got: "\(second.outputs.count)")
    }
    for index in options.parameters where first.inputTypes[index] != second.inputTypes[index] {
      throw .argument(
        "second", expected: "\(first.inputLabel(index)) of type \(first.inputTypes[index])",
        got: "\(second.inputTypes[index])")
    }
  }

  private static func describe(_ found: Result<SampleAxis, SampleAxis.Mixing>) -> String {
    switch found {
    case .success(let axis):
      "samples are independent along axis \(axis.outputAxis) (\(axis.size) of them)"
    case .failure(let mixing): mixing.reason
    }
  }

  /// The kernel as one program: (parameters, other inputs of the first, other inputs of the second
  /// if it was given) -> results.
  public func program() throws(NTKError) -> Program {
    if let program = composed.withLock({ $0 }) { return program }
    let program = try compose()
    composed.withLock { $0 = program }
    return program
  }

  /// How the kernel is computed in tiles under a limit; nil: as a whole.
  func schedule(limit: Int) throws(NTKError) -> TileSchedule? {
    if let known = schedules.withLock({ $0[limit] }) { return known }
    let made = try TileSchedule(self, limit: limit)
    schedules.withLock { schedules in
      if schedules.count >= TangentKernel.scheduleCount { schedules = [:] }
      schedules[limit] = .some(made)
    }
    return made
  }

  /// (parameters, other inputs) -> all that one side gives to the pairs of all outputs.
  func side(isSecond: Bool) throws(NTKError) -> Program {
    let program = isSecond ? second ?? first : first
    let order =
      options.parameters + (0..<program.inputCount).filter { !options.parameters.contains($0) }
    var b = ProgramBuilder()
    let inputs = order.map { b.input(program.inputTypes[$0], name: program.inputNames[$0]) }
    var results: [Value] = []
    for part in parts {
      let side = isSecond ? part.secondSide ?? part.firstSide : part.firstSide
      results += try b.call(side, inputs)
    }
    return try b.finish(inputs: inputs, outputs: results).simplified()
  }

  /// (all that the first side gives, all that the second gives unless it is the first) -> results
  func pairs() throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var given: [[Value]] = [[], []]
    var rows: [(Range<Int>, Range<Int>)] = []
    for part in parts {
      let types = [part.firstSide.outputTypes, part.secondSide?.outputTypes ?? []]
      rows.append(
        (
          given[0].count..<(given[0].count + types[0].count),
          given[1].count..<(given[1].count + types[1].count)
        ))
      for side in 0..<2 { for type in types[side] { given[side].append(b.input(type)) } }
    }
    var results: [Value] = []
    for (part, (left, right)) in zip(parts, rows) {
      results += try b.call(part.pair, Array(given[0][left] + given[1][right]))
    }
    return try b.finish(inputs: given[0] + given[1], outputs: results).simplified().depthFirst()
  }

  private func compose() throws(NTKError) -> Program {
    let firstSide = try side(isSecond: false)
    var b = ProgramBuilder()
    var inputs = firstSide.addInputs(to: &b)
    var given = try b.call(firstSide, inputs)
    if second != nil {
      let secondSide = try side(isSecond: true)
      let count = options.parameters.count
      let others = (count..<secondSide.inputCount).map {
        b.input(secondSide.inputTypes[$0], name: secondSide.inputNames[$0])
      }
      given += try b.call(secondSide, inputs.prefix(count) + others)
      inputs += others
    }
    let results = try b.call(pairs(), given)
    return try b.finish(inputs: inputs, outputs: results).simplified().depthFirst()
  }

  /// Computes the kernel.
  /// - Parameter inputs: as `program()` takes them.
  /// - Throws: `.outOfMemory` before any work if the working set is above the limit.
  public func compute(
    inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions = RunOptions()
  ) throws(NTKError) {
    let program = try program()
    let peak = try CompileCache.executable(for: program).peakByteCount
    if let limit = options.memoryLimit ?? TileSchedule.defaultLimit(below: peak),
      let tiles = try schedule(limit: limit)
    {
      var options = options
      options.memoryLimit = limit
      return try tiles.run(inputs: inputs, outputs: outputs, options: options)
    }
    try CompileCache.run(program, inputs: inputs, outputs: outputs, options: options)
  }

  /// What the kernel does and what it costs, in words.
  public func explanation() throws(NTKError) -> String {
    var lines = ["Tangent kernel by \(options.implementation.name)"]
    for (index, type) in resultTypes.enumerated() {
      lines.append("  result \(index): \(type); \(TangentKernel.describe(samples[index]))")
      for (leaf, text) in zip(leaves, parts[index].explanation) {
        lines.append("    parameter \(leaf.label): \(leaf.type): \(text)")
      }
    }
    let program = try program()
    let peak = try CompileCache.executable(for: program).peakByteCount
    lines.append(
      "  at once: \(program.equationCount) equations, \(peak) bytes beside inputs and results")
    return lines.joined(separator: "\n")
  }
}
