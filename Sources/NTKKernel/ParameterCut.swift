import NTKProgram

/// The cut of a program's derivative behind a set S of tangents that holds the parameters' and is
/// closed under predecessors: all values that depend on parameters alone (transposed, sliced,
/// scaled, low-rank weights), and results further on while the next one is smaller. Every path from
/// a parameter to the outputs leaves S exactly once, by an edge. With z_e a fresh zero added to the
/// result of the edge's equation,
///
///     J_θ = Σ_e D_e A_e B_e,   D_e = ∂f/∂z_e,   A_e the form of the edge's equation,
///
/// and B_e, from θ to the edge, a sum over paths of products of forms.
public struct ParameterCut: Sendable {
  /// An equation that leaves the set, by one operand.
  public struct Edge: Hashable, Sendable {
    public let equation: Int
    public let operand: Int
  }

  /// One equation on a path, with the operand by which the path enters it.
  public typealias Step = Edge

  /// The program with its tangents: (inputs, tangents of parameters) -> (outputs, tangents).
  public let jvp: Program
  public let edges: [Edge]
  /// How many inputs of `jvp` are the program's own.
  let primalCount: Int
  let isTangent: [Bool]
  /// Whether a value belongs to S.
  private let isInside: [Bool]
  /// For each value, the equation that defines it, or -1.
  private let definitions: [Int]

  /// - Parameter program: without captured inputs.
  public init(_ program: Program, parameters: [Int]) throws(NTKError) {
    let jvp = try ParameterCut.tangents(of: program, parameters)
    primalCount = program.inputCount
    var isTangent = jvp.inputs.map { $0.index >= program.inputCount }
    // What depends on an input that is no parameter; a tangent of such does too.
    var isMixed = (0..<jvp.inputCount).map { $0 < program.inputCount && !parameters.contains($0) }
    var definitions = [Int](repeating: -1, count: jvp.inputCount)
    var uses = [[Edge]](repeating: [], count: jvp.valueCount)
    for (index, equation) in jvp.equations.enumerated() {
      let tangent = equation.operands.contains { isTangent[$0.index] }
      let mixed = equation.operands.contains { isMixed[$0.index] }
      for (position, operand) in equation.operands.enumerated() {
        uses[operand.index].append(Edge(equation: index, operand: position))
      }
      for _ in equation.results {
        isTangent.append(tangent)
        isMixed.append(mixed)
        definitions.append(index)
      }
    }
    let outputs = Set(jvp.outputs)
    var isInside = zip(isTangent, isMixed).map { $0 && !$1 }
    for (index, equation) in jvp.equations.enumerated() {
      guard let result = equation.results.first, equation.results.count == 1,
        !isInside[result.index], !outputs.contains(result), uses[result.index].count == 1
      else { continue }
      let entries = equation.operands.indices.filter { isTangent[equation.operands[$0].index] }
      let next = uses[result.index][0]
      guard !entries.isEmpty, entries.allSatisfy({ isInside[equation.operands[$0].index] }),
        let after = jvp.equation(next.equation).results.first,
        jvp.type(of: after).shape.elementCount < jvp.type(of: result).shape.elementCount,
        try jvp.form(next) != nil
      else { continue }
      var haveForms = true
      for entry in entries where haveForms {
        haveForms = try jvp.form(Edge(equation: index, operand: entry)) != nil
      }
      if haveForms { isInside[result.index] = true }
    }
    var edges: [Edge] = []
    for (index, equation) in jvp.equations.enumerated() {
      guard let result = equation.results.first, !isInside[result.index] else { continue }
      for (position, operand) in equation.operands.enumerated() where isInside[operand.index] {
        edges.append(Edge(equation: index, operand: position))
      }
    }
    self.jvp = jvp
    self.edges = edges
    self.isTangent = isTangent
    self.isInside = isInside
    self.definitions = definitions
  }

  /// The form of an equation for one operand; nil: it has none, and the cut must stop before it.
  public func form(_ step: Step) throws(NTKError) -> LinearForm? { try jvp.form(step) }

  /// The equation that defines a value of `jvp`; nil for an input.
  func definition(of value: Value) -> Program.Equation? {
    let index = definitions[value.index]
    return index < 0 ? nil : jvp.equation(index)
  }

  /// All paths from a parameter's tangent to an edge, first step first; the edge is the last.
  /// nil: more than `most`.
  public func paths(
    to edge: Edge, most: Int = .max
  ) -> [(parameter: Int, steps: [Step])]? {
    var finished: [(parameter: Int, steps: [Step])] = []
    var open = [[edge]]
    while let path = open.popLast() {
      guard finished.count + open.count < most else { return nil }
      let first = path[0]
      let value = jvp.equation(first.equation).operands[first.operand]
      guard value.index >= jvp.inputCount else {
        finished.append((value.index - primalCount, path))
        continue
      }
      let equation = definitions[value.index]
      for (position, operand) in jvp.equation(equation).operands.enumerated()
      where isTangent[operand.index] {
        open.append([Step(equation: equation, operand: position)] + path)
      }
    }
    return finished
  }

  /// The program with its tangents; loops stand apart for values and tangents, so that what a weight
  /// does in every step is one equation outside of them.
  private static func tangents(
    of program: Program, _ parameters: [Int]
  ) throws(NTKError) -> Program {
    let linearized = try program.linearized(active: parameters)
    var b = ProgramBuilder()
    let inputs = program.addInputs(to: &b)
    let tangents = parameters.map { b.input(program.inputTypes[$0]) }
    let known = try b.call(linearized.known, inputs)
    let residuals = Array(known.suffix(linearized.residualCount))
    let results = try b.call(linearized.linear, residuals + tangents)
    return try b.finish(
      inputs: inputs + tangents, outputs: known.prefix(program.outputs.count) + results
    ).simplified()
  }

  /// Whether the output's tangent is outside of the set, so that every path leaves it by an edge.
  var isComplete: Bool { jvp.outputs.dropFirst(1).allSatisfy { !isInside[$0.index] } }

  /// Where a fresh zero z_e is added: on the result of an equation with a form; before an equation
  /// without one, on its operand, A_e being the identity there.
  enum Place: Hashable {
    case result(equation: Int)
    case operand(Edge)

    var equation: Int {
      switch self {
      case .result(let equation): equation
      case .operand(let edge): edge.equation
      }
    }
  }

  /// The type of a fresh zero.
  func type(at place: Place) -> ValueType {
    let equation = jvp.equation(place.equation)
    switch place {
    case .result: return jvp.type(of: equation.results[0])
    case .operand(let edge): return jvp.type(of: equation.operands[edge.operand])
    }
  }

  /// inputs of a program of one output -> the Jacobian by each parameter, of shape output +
  /// parameter, then D = ∂f/∂z at each place, of shape output + z.
  func blocks(at places: [Place]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    let inputs = jvp.addInputs(to: &b)
    var map = inputs
    let fresh = places.map { b.input(type(at: $0)) }
    let positions = Dictionary(grouping: places.indices) { places[$0].equation }
    for (index, equation) in jvp.equations.enumerated() {
      b.source = equation.source
      var operands = equation.operands.map { map[$0.index] }
      let own = positions[index] ?? []
      for position in own {
        guard case .operand(let edge) = places[position] else { continue }
        operands[edge.operand] = try b.add(operands[edge.operand], fresh[position])
      }
      var results = try b.apply(equation.primitive, operands)
      for position in own where places[position] == .result(equation: index) {
        results[0] = try b.add(results[0], fresh[position])
      }
      map += results
    }
    let program = try b.finish(
      inputs: inputs + fresh, outputs: jvp.outputs.dropFirst(1).map { map[$0.index] })
    let active = Array(primalCount..<(inputs.count + fresh.count))
    let jacobian = try program.jacobian(active: active, mode: .reverse)
    let blocks = try jacobian.selecting(Array(program.outputs.count..<jacobian.outputs.count))
    return try Program.build(Array(jvp.inputTypes[..<primalCount])) { c, primals throws(NTKError) in
      var operands = primals
      // The program is linear in these: its Jacobian is the same everywhere.
      for index in active { operands.append(try c.zeros(program.inputTypes[index])) }
      return try c.call(blocks, operands)
    }.simplified()
  }

  /// inputs -> values that forms use as residuals.
  func residuals(_ wanted: [Value]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var map: [Value?] = (0..<primalCount).map { b.input(jvp.inputTypes[$0]) }
    let inputs = map.compactMap { $0 }
    map += [Value?](repeating: nil, count: jvp.inputCount - primalCount)
    for equation in jvp.equations {
      let operands = equation.operands.compactMap { map[$0.index] }
      if operands.count < equation.operands.count {
        map += equation.results.map { _ in nil }
      } else {
        b.source = equation.source
        map += try b.apply(equation.primitive, operands).map { $0 }
      }
    }
    let outputs = wanted.compactMap { map[$0.index] }
    guard outputs.count == wanted.count else {
      throw .invariant("a form's residual depends on a tangent")
    }
    return try b.finish(inputs: inputs, outputs: outputs)
  }
}

extension Program {
  /// The form of an equation for one operand; nil: it has none.
  fileprivate func form(_ step: ParameterCut.Step) throws(NTKError) -> LinearForm? {
    let equation = equation(step.equation)
    guard equation.results.count == 1,
      let primitive = equation.primitive as? any LinearInOperands
    else { return nil }
    return try primitive.form(of: step.operand, types(of: equation.operands))
  }
}
