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
  /// (parameters, other inputs) -> what the first side gives to the pair.
  public let firstSide: Program
  /// The same of the second side; nil: it is the first.
  public let secondSide: Program?
  /// (what the first side gives, what the second gives unless it is the first) -> results.
  public let pair: Program
  /// Types of the results, one for each output.
  public let resultTypes: [ValueType]
  let leaves: [Leaf]
  let sampleAxes: [String]
  private let composed = Guarded<Program?>(nil)

  /// A parameter, for the explanation.
  struct Leaf: Sendable {
    let label: String
    let type: ValueType
  }

  /// - Parameters:
  ///   - first: the program of the first side.
  ///   - second: of the second side, with equal parameters; nil: the first's, at the same inputs.
  /// - Throws: `.argument`, `.elementType`, `.axisOutOfRange`, `.sizesDiffer`, `.unsupported`.
  public init(
    first: Program, second: Program? = nil, options: KernelOptions
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
    let independence = try SampleAxis.find(first, options)
    let secondIndependence = try second.map { program throws(NTKError) in
      try SampleAxis.find(program, options)
    }
    sampleAxes = independence.map { TangentKernel.describe($0) }
    switch options.implementation {
    case .automatic, .jacobianContraction:
      let one = try JacobianSide(first, options, independence)
      var two: JacobianSide?
      if let second, let secondIndependence {
        two = try JacobianSide(second, options, secondIndependence)
      }
      firstSide = one.program
      secondSide = two?.program
      pair = try TangentKernel.contraction(
        one.program, two?.program, rules, types, first.outputTypes, options)
    case .vectorProducts:
      let one = try LinearizedSide(first, options, independence)
      var two: LinearizedSide?
      if let second, let secondIndependence {
        two = try LinearizedSide(second, options, secondIndependence)
      }
      firstSide = one.program
      secondSide = two?.program
      pair = try TangentKernel.products(one, two, rules, types, first.outputTypes, options)
    case .structuredDerivatives:
      throw .unsupported(
        "STRUCTURED_DERIVATIVES is not in this version; AUTO, JACOBIAN_CONTRACTION and "
          + "NTK_VECTOR_PRODUCTS give the same numbers")
    }
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

  /// The pair of Jacobian contraction.
  private static func contraction(
    _ first: Program, _ second: Program?, _ rules: [AxisRules], _ types: [ValueType],
    _ outputs: [ValueType], _ options: KernelOptions
  ) throws(NTKError) -> Program {
    let given = first.outputTypes + (second?.outputTypes ?? [])
    return try Program.build(given) { b, inputs throws(NTKError) in
      let count = first.outputs.count
      let left = Array(inputs.prefix(count))
      let right = second == nil ? left : Array(inputs.dropFirst(count))
      let leaves = options.parameters.count
      var results: [Value] = []
      for (index, own) in rules.enumerated() {
        let range = (index * leaves)..<((index + 1) * leaves)
        var operands: [[Value]] = []
        for side in [left, right] {
          var converted: [Value] = []
          for value in side[range] {
            converted.append(try b.convert(value, to: types[index].elementType))
          }
          operands.append(converted)
        }
        let kernel = try b.contract(operands[0], operands[1], own)
        results.append(
          try finish(kernel, own, types[index], outputs[index], second == nil, options, in: &b))
      }
      return results
    }.simplified()
  }

  /// The pair of vector products.
  private static func products(
    _ first: LinearizedSide, _ second: LinearizedSide?, _ rules: [AxisRules],
    _ types: [ValueType], _ outputs: [ValueType], _ options: KernelOptions
  ) throws(NTKError) -> Program {
    let given = first.program.outputTypes + (second?.program.outputTypes ?? [])
    return try Program.build(given) { b, inputs throws(NTKError) in
      let count = first.program.outputs.count
      let left = Array(inputs.prefix(count))
      let right = second == nil ? left : Array(inputs.dropFirst(count))
      var results: [Value] = []
      for (index, own) in rules.enumerated() {
        var kernel: Value?
        if !options.parameters.isEmpty {
          let (one, two) = (first.outputs[index], (second ?? first).outputs[index])
          let whole = try b.vectorProducts(
            first: one, Array(left[one.residuals]), second: two, Array(right[two.residuals]))
          kernel = try b.diagonals(b.convert(whole, to: types[index].elementType), own)
        }
        results.append(
          try finish(kernel, own, types[index], outputs[index], second == nil, options, in: &b))
      }
      return results
    }.simplified()
  }

  private static func finish(
    _ kernel: Value?, _ rules: AxisRules, _ type: ValueType, _ output: ValueType,
    _ isSymmetric: Bool, _ options: KernelOptions, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    guard let kernel else { return try b.zeros(type) }
    let symmetric = isSymmetric ? try b.symmetrized(kernel, rules) : kernel
    return options.normalizes
      ? try b.normalized(symmetric, by: rules.normalizer(output.shape)) : symmetric
  }

  /// The kernel as one program: (parameters, other inputs of the first, other inputs of the second
  /// if it was given) -> results.
  public func program() throws(NTKError) -> Program {
    if let program = composed.withLock({ $0 }) { return program }
    let program = try compose()
    composed.withLock { $0 = program }
    return program
  }

  private func compose() throws(NTKError) -> Program {
    var b = ProgramBuilder()
    let count = options.parameters.count
    let firstInputs = firstSide.addInputs(to: &b)
    var inputs = firstInputs
    var given = try b.call(firstSide, firstInputs)
    if let secondSide {
      var secondInputs = Array(firstInputs.prefix(count))
      for index in count..<secondSide.inputCount {
        let input = b.input(secondSide.inputTypes[index], name: secondSide.inputNames[index])
        secondInputs.append(input)
        inputs.append(input)
      }
      given += try b.call(secondSide, secondInputs)
    }
    let results = try b.call(pair, given)
    return try b.finish(inputs: inputs, outputs: results).simplified()
  }

  /// Computes the kernel.
  /// - Parameter inputs: as `program()` takes them.
  /// - Throws: `.outOfMemory` before any work if the working set is above the limit.
  public func compute(
    inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions = RunOptions()
  ) throws(NTKError) {
    try CompileCache.run(try program(), inputs: inputs, outputs: outputs, options: options)
  }

  /// What the kernel does and what it costs, in words.
  public var explanation: String {
    let implementation =
      options.implementation == .automatic
      ? "AUTO (JACOBIAN_CONTRACTION)" : options.implementation.name
    var lines = ["Tangent kernel by \(implementation)"]
    for (index, type) in resultTypes.enumerated() {
      lines.append("  result \(index): \(type); \(sampleAxes[index])")
    }
    for leaf in leaves { lines.append("  parameter \(leaf.label): \(leaf.type)") }
    for (name, side) in [("first", firstSide), ("second", secondSide ?? firstSide)] {
      let bytes = side.outputTypes.map(\.byteCount).saturatingSum()
      lines.append("  \(name) side: \(side.equationCount) equations, gives \(bytes) bytes")
    }
    return lines.joined(separator: "\n")
  }
}

extension Program {
  /// - Throws: `.argument` unless they are increasing inputs; `.elementType` unless floating.
  func checkParameters(_ parameters: [Int]) throws(NTKError) {
    for (position, index) in parameters.enumerated() {
      guard index >= 0, index < inputCount, position == 0 || parameters[position - 1] < index else {
        throw .argument(
          "parameters", expected: "increasing inputs below \(inputCount)", got: "\(parameters)")
      }
      guard inputTypes[index].isFloating else {
        throw .elementType(
          inputLabel(index), expected: "f32 or f64, as a parameter",
          got: inputTypes[index].elementType)
      }
    }
  }
}
