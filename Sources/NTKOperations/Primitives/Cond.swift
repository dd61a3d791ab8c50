import NTKProgram

/// One of several branches, by an index (i32, moved inside; or bool: the second where true). The
/// other operands are the inputs of every branch, the results the outputs of the chosen one.
public struct Cond: HigherOrder {
  public static let name = "cond"
  public internal(set) var branches: [Program] = []

  public init() {}
  public init(_ branches: [Program]) { self.branches = branches }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("branches", &branches)
  }

  public var bodies: [Program] { branches }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard let first = branches.first else {
      throw .parameter("branches", expected: "at least one program", got: "none")
    }
    try operands.expect(count: 1 + first.inputCount)
    guard operands[0].elementType == .i32 || operands[0].elementType == .bool else {
      throw .elementType("operand 0", expected: "i32 or bool", got: operands[0].elementType)
    }
    guard operands[0].rank == 0 else {
      throw .shape("operand 0", expected: "()", got: operands[0].shape)
    }
    guard operands[0].elementType == .i32 || branches.count <= 2 else {
      throw .parameter(
        "branches", expected: "up to 2 for an index of bool", got: "\(branches.count)")
    }
    for (index, branch) in branches.enumerated() {
      guard branch.capturedCount == 0 else { throw .capturedInputsInBody }
      guard branch.inputTypes == Array(operands.dropFirst()) else {
        throw .parameter(
          "branches", expected: "inputs \(operands.dropFirst().map(\.description))",
          got: "\(branch.inputTypes.map(\.description)) in branch \(index)")
      }
      guard branch.outputTypes == first.outputTypes else {
        throw .parameter(
          "branches", expected: "outputs \(first.outputTypes.map(\.description)) as branch 0",
          got: "\(branch.outputTypes.map(\.description)) in branch \(index)")
      }
    }
    return first.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var axes = JoinedAxes()
    for (index, branch) in branches.enumerated() {
      try axes.add(
        branch, index: index, operands: Array(1..<operands.count),
        inputResults: [Int?](repeating: nil, count: branch.inputCount),
        outputResults: Array(branch.outputs.indices))
    }
    return AxisFlow(axes.threads())
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Cond {
    var new: [Program] = []
    for branch in branches { new.append(try branch.resized(inputs: Array(operands.dropFirst()))) }
    return Cond(new)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.dropFirst().map { $0 != nil }
    if let axis = axes[0] {
      return try batchedByIndex(operands, axes, indexAxis: axis, size: size, in: &b)
    }
    var outputsMapped = [Bool](repeating: false, count: branches.first?.outputs.count ?? 0)
    for branch in branches {
      let mapped = try branch.outputsMapped(isMapped, size: size)
      outputsMapped = zip(outputsMapped, mapped).map { $0 || $1 }
    }
    var new: [Program] = []
    for branch in branches {
      new.append(
        try branch.vmapped(
          size: size, axes: isMapped.map { $0 ? 0 : nil },
          outAxes: outputsMapped.map { $0 ? 0 : nil }))
    }
    var moved = [operands[0]]
    for (operand, axis) in zip(operands, axes).dropFirst() {
      moved.append(
        try axis.map { axis throws(NTKError) in
          try b.move(operand, axis: axis, to: 0)
        } ?? operand)
    }
    return (try b.apply(Cond(new), moved), outputsMapped.map { $0 ? 0 : nil })
  }

  /// Each sample has a branch of its own: all run, and a selection follows.
  private func batchedByIndex(
    _ operands: [Value], _ axes: [Int?], indexAxis: Int, size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var cases: [[Value]] = []
    for branch in branches {
      let (outputs, outputAxes) = try branch.mapped(
        Array(operands.dropFirst()), Array(axes.dropFirst()), size: size, in: &b)
      var aligned: [Value] = []
      for (output, axis) in zip(outputs, outputAxes) {
        aligned.append(try b.atBatchAxis(output, axis, 0, size: size))
      }
      cases.append(aligned)
    }
    let index = try b.move(operands[0], axis: indexAxis, to: 0)
    var results: [Value] = []
    for output in cases[0].indices {
      let shape = b.shape(of: cases[0][output])
      let which = try b.broadcast(index, to: shape, axes: [0])
      results.append(try b.apply(SelectN(), [which] + cases.map { $0[output] })[0])
    }
    return (results, results.map { _ in 0 })
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  // Which branch runs is not known outside.
  public func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? { nil }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let which = Literal(at: context.operands[0].data, context.operands[0].elementType)
    let index = which.clampedInteger(to: branches.count - 1)
    try context.runner.run(
      branches[index], Array(context.operands.dropFirst()), context.results)
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let index =
      branches.count == 1
      ? 0 : b.literal(of: operands[0]).map { $0.clampedInteger(to: branches.count - 1) }
    guard let index else { return nil }
    return try b.call(branches[index], Array(operands.dropFirst()))
  }
}
