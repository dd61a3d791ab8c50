import NTKExecution
import NTKKernel
import NTKProgram

extension Program {
  /// Runs the program over Swift arrays, row-major.
  ///
  /// ```swift
  /// let y: [[Double]] = try program.run([w, x])
  /// ```
  /// - Parameter inputs: the inputs, then the captured ones: `[Float]`, `[Double]`, `[Bool]`, ...
  /// - Returns: the outputs.
  /// - Throws: `.argument`, `.elementType`, and what a run throws.
  public func run<Result: ArrayElement>(
    _ inputs: [any ArrayElements], options: RunOptions = RunOptions()
  ) throws(NTKError) -> [[Result]] {
    let arguments = try ArrayArguments(inputs, inputTypes, label: inputLabel)
    let results = try ArrayArguments(outputTypes, of: Result.self)
    try withExtendedLifetime(arguments) { () throws(NTKError) in
      try CompileCache.run(
        self, inputs: arguments.references, outputs: results.references, options: options)
    }
    return results.elements(Result.self)
  }
}

extension TangentKernel {
  /// Plans `J1 J2ᵀ` for each output, `J` the derivative by the parameters.
  ///
  /// - Parameters:
  ///   - program: of the first side.
  ///   - second: of the second side, the same program for two sets of samples; nil: both sides are
  ///     the first's, at the same samples, and the kernel is exactly symmetric.
  ///   - parameters: inputs that are parameters, increasing.
  ///   - traceAxes: output axes that are summed over, both sides together, and gone; by
  ///     `normalizes` the sum is a mean.
  ///   - diagonalAxes: output axes that stand once in the result.
  /// - Throws: `.argument`, `.elementType`, `.axisOutOfRange`, `.sizesDiffer`, `.unsupported`.
  public convenience init(
    of program: Program, and second: Program? = nil, parameters: [Int], traceAxes: [Int] = [-1],
    diagonalAxes: [Int] = [], normalizes: Bool = true,
    implementation: KernelImplementation = .automatic
  ) throws(NTKError) {
    var options = KernelOptions()
    options.parameters = parameters
    options.traceAxes = traceAxes
    options.diagonalAxes = diagonalAxes
    options.normalizes = normalizes
    options.implementation = implementation
    try self.init(first: program, second: second, options: options)
  }

  /// Computes the kernel.
  /// - Parameters:
  ///   - x1: the inputs of the first side that are not parameters.
  ///   - x2: the second side's; nil where no second program was given.
  ///   - parameters: the parameters, in their order.
  /// - Returns: one kernel for each output, row-major, of the shapes `resultTypes`.
  public func compute<Result: ArrayElement>(
    _ x1: [any ArrayElements], _ x2: [any ArrayElements]?, _ parameters: [any ArrayElements],
    options: RunOptions = RunOptions()
  ) throws(NTKError) -> [[Result]] {
    let whole = try program()
    let arguments = try ArrayArguments(
      parameters + x1 + (x2 ?? []), whole.inputTypes, label: whole.inputLabel)
    let results = try ArrayArguments(resultTypes, of: Result.self)
    try withExtendedLifetime(arguments) { () throws(NTKError) in
      try compute(
        inputs: arguments.references, outputs: results.references, options: options)
    }
    return results.elements(Result.self)
  }

  /// Computes the kernel of a program with one output and one input besides the parameters.
  public func compute<Result: ArrayElement>(
    _ x1: [Result], _ x2: [Result]?, _ parameters: [any ArrayElements],
    options: RunOptions = RunOptions()
  ) throws(NTKError) -> [Result] {
    guard resultTypes.count == 1 else {
      throw .argument("outputs", expected: "one output", got: "\(resultTypes.count)")
    }
    return try compute([x1], x2.map { [$0] }, parameters, options: options)[0]
  }
}
