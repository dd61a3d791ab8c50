import NTKProgram

/// The root of an equation f(x) = 0, found by a program `solve` from a guess, and differentiated by
/// the implicit function theorem: 0 = ∂f/∂c dc + ∂f/∂x dx, where `tangentSolve` maps x and y to the
/// solution u of ∂f/∂x u = y. Operands are the consts of the three programs, then the guess; results
/// are x, then what else `solve` gives.
public struct CustomRoot: Call {
  public static let name = "custom_root"
  public internal(set) var function = Program.empty
  public internal(set) var solve = Program.empty
  public internal(set) var tangentSolve = Program.empty
  public internal(set) var constCounts: [Int] = [0, 0, 0]

  public init() {}

  public init(
    _ function: Program, solve: Program, tangentSolve: Program, constCounts: [Int]
  ) {
    self.function = function
    self.solve = solve
    self.tangentSolve = tangentSolve
    self.constCounts = constCounts
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("f", &function)
    try coder.code("solve", &solve)
    try coder.code("tangent_solve", &tangentSolve)
    try coder.code("const_lengths", &constCounts)
  }

  private var groups: ConstGroups { ConstGroups(counts: constCounts) }
  private var unknownCount: Int { function.outputs.count }
  public var bodies: [Program] { [function, solve, tangentSolve] }
  public func callee() -> Program { solve }
  public func calleeOperands(_ count: Int) -> [Int] { Array(groups[1]) + (groups.total..<count) }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try groups.check(bodies: 3, operands: operands.count)
    let unknowns = groups.rest(of: operands)
    guard unknowns.allSatisfy(\.isFloating) else {
      throw .parameter("f", expected: "floating unknowns", got: "\(unknowns.map(\.description))")
    }
    try function.expect("f", inputs: groups.consts(0, of: operands) + unknowns, outputs: unknowns)
    try solve.expect(
      "solve", inputs: groups.consts(1, of: operands) + unknowns,
      outputs: unknowns + solve.outputTypes.dropFirst(unknowns.count))
    try tangentSolve.expect(
      "tangent_solve", inputs: groups.consts(2, of: operands) + unknowns + unknowns,
      outputs: unknowns)
    return solve.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let whole = try Program.build(operands) { b, inputs throws(NTKError) in
      let found = try b.call(solve, groups.consts(1, of: inputs) + groups.rest(of: inputs))
      let root = Array(found.prefix(unknownCount))
      let values = try b.call(function, groups.consts(0, of: inputs) + root)
      return found + (try b.call(tangentSolve, groups.consts(2, of: inputs) + root + values))
    }
    return try whole.axisFlow(
      outputResults: (Array(solve.outputs.indices) + (0..<unknownCount)).map { Int?($0) })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CustomRoot {
    let unknowns = groups.rest(of: operands)
    var new = self
    new.function = try function.resized(inputs: groups.consts(0, of: operands) + unknowns)
    new.solve = try solve.resized(inputs: groups.consts(1, of: operands) + unknowns)
    new.tangentSolve = try tangentSolve.resized(
      inputs: groups.consts(2, of: operands) + unknowns + unknowns)
    return new
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.map { $0 != nil }
    let unknowns = [Bool](repeating: true, count: unknownCount)
    var new = self
    new.function = try function.mappedInFront(
      groups.consts(0, of: isMapped) + unknowns, size: size)
    new.solve = try solve.mappedInFront(groups.consts(1, of: isMapped) + unknowns, size: size)
    new.tangentSolve = try tangentSolve.mappedInFront(
      groups.consts(2, of: isMapped) + unknowns + unknowns, size: size)
    let total = groups.total
    let results = try b.apply(
      new,
      b.withAxisInFront(Array(operands.prefix(total)), Array(axes.prefix(total)))
        + b.allMapped(operands.dropFirst(total), axes.dropFirst(total), size: size))
    return (results, results.map { _ in 0 })
  }

  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    let results = try b.apply(self, operands)
    let none = [Value?](repeating: nil, count: results.count)
    // The root depends on the guess in no way that has a derivative.
    let given = groups.consts(0, of: tangents)
    guard given.contains(where: { $0 != nil }) else { return (results, none) }
    let root = Array(results.prefix(unknownCount))
    let moved = try function.jvp(
      groups.consts(0, of: operands) + root, given + root.map { _ in nil }, in: &b
    ).tangents
    var right: [Value] = []
    for (tangent, value) in zip(moved, root) {
      right.append(try b.instantiate(tangent, b.type(of: value)))
    }
    let step = try b.call(tangentSolve, groups.consts(2, of: operands) + root + right)
    var pushed = none
    for (index, value) in step.enumerated() { pushed[index] = try b.neg(value) }
    return (results, pushed)
  }
}
