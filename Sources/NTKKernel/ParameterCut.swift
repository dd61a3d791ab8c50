import NTKProgram

/// The cut of a program's derivative behind all values that depend on parameters alone (transposed,
/// sliced, scaled, low-rank weights): every path from a parameter to the outputs leaves that set
/// exactly once, by an edge. With z_e a fresh zero added to the result of the edge's equation,
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
  private let primalCount: Int
  private let isTangent: [Bool]

  /// - Parameter program: without captured inputs.
  public init(_ program: Program, parameters: [Int]) throws(NTKError) {
    let jvp = try program.jvp(active: parameters).simplified()
    primalCount = program.inputCount
    var isTangent = jvp.inputs.map { $0.index >= program.inputCount }
    // What depends on an input that is no parameter; a tangent of such does too.
    var isMixed = (0..<jvp.inputCount).map { $0 < program.inputCount && !parameters.contains($0) }
    var edges: [Edge] = []
    for (index, equation) in jvp.equations.enumerated() {
      let tangent = equation.operands.contains { isTangent[$0.index] }
      let mixed = equation.operands.contains { isMixed[$0.index] }
      for _ in equation.results {
        isTangent.append(tangent)
        isMixed.append(mixed)
      }
      guard mixed else { continue }
      for (position, operand) in equation.operands.enumerated()
      where isTangent[operand.index] && !isMixed[operand.index] {
        edges.append(Edge(equation: index, operand: position))
      }
    }
    self.jvp = jvp
    self.edges = edges
    self.isTangent = isTangent
  }

  /// The form of an equation for one operand; nil: it has none, and the cut must stop before it.
  public func form(_ step: Step) throws(NTKError) -> LinearForm? {
    let equation = jvp.equation(step.equation)
    guard let primitive = equation.primitive as? any LinearInOperands else { return nil }
    return try primitive.form(of: step.operand, jvp.types(of: equation.operands))
  }

  /// All paths from a parameter's tangent to an edge, first step first; the edge is the last.
  public func paths(to edge: Edge) -> [(parameter: Int, steps: [Step])] {
    var finished: [(parameter: Int, steps: [Step])] = []
    var open = [[edge]]
    let definitions = definitions()
    while let path = open.popLast() {
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

  private func definitions() -> [Int] {
    var definitions = [Int](repeating: -1, count: jvp.valueCount)
    for (index, equation) in jvp.equations.enumerated() {
      for result in equation.results { definitions[result.index] = index }
    }
    return definitions
  }

  /// inputs -> D_e, of shape output tangent + z_e, for one output tangent.
  public func cotangents(of edge: Edge, output: Int) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var map = jvp.addInputs(to: &b)
    let inputs = map
    var fresh: Value?
    for (index, equation) in jvp.equations.enumerated() {
      var results = try b.apply(equation.primitive, equation.operands.map { map[$0.index] })
      if index == edge.equation {
        let zero = b.input(b.type(of: results[0]))
        fresh = zero
        results[0] = try b.add(results[0], zero)
      }
      map += results
    }
    guard let fresh else { throw .invariant("an edge is not in its program") }
    let program = try b.finish(
      inputs: inputs + [fresh], outputs: [map[jvp.outputs[output].index]])
    let jacobian = try program.jacobian(active: [inputs.count], mode: .reverse).selecting([1])
    let zeroType = b.type(of: fresh)
    return try Program.build(jvp.inputTypes) { b, inputs throws(NTKError) in
      let zero = try b.zeros(zeroType)
      return try b.call(jacobian, inputs + [zero])
    }
  }

  /// The program of the values that forms use as residuals: inputs of `jvp` -> values.
  public func values(_ wanted: [Value]) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var map = jvp.addInputs(to: &b)
    let inputs = map
    for equation in jvp.equations {
      map += try b.apply(equation.primitive, equation.operands.map { map[$0.index] })
    }
    return try b.finish(inputs: inputs, outputs: wanted.map { map[$0.index] })
  }
}
