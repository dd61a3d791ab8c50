import NTKProgram

/// The solution x of A x = b, where `matvec` maps (consts, x) to A x, found by a program `solve` from
/// (consts, b); `transposeSolve` solves Aᵀ x = b likewise. Linear in b: a tangent solves
/// A dx = db - dA x, a cotangent Aᵀ c = x̄. Operands are the consts of the three programs, then b;
/// results are x, then what else `solve` gives.
public struct CustomLinearSolve: Call {
  public static let name = "custom_linear_solve"
  public internal(set) var matvec = Program.empty
  public internal(set) var solve = Program.empty
  public internal(set) var transposeSolve: Program?
  public internal(set) var constCounts: [Int] = [0, 0, 0]

  public init() {}

  public init(
    matvec: Program, solve: Program, transposeSolve: Program?, constCounts: [Int]
  ) {
    self.matvec = matvec
    self.solve = solve
    self.transposeSolve = transposeSolve
    self.constCounts = constCounts
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("matvec", &matvec)
    try coder.code("solve", &solve)
    try coder.code("transpose_solve", &transposeSolve, default: nil)
    try coder.code("const_lengths", &constCounts)
  }

  private var groups: ConstGroups { ConstGroups(counts: constCounts) }
  private var unknownCount: Int { matvec.outputs.count }
  public var bodies: [Program] { [matvec, solve] + (transposeSolve.map { [$0] } ?? []) }
  public func callee() -> Program { solve }
  public func calleeOperands(_ count: Int) -> [Int] { Array(groups[1]) + (groups.total..<count) }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try groups.check(bodies: 3, operands: operands.count)
    let unknowns = groups.rest(of: operands)
    guard unknowns.allSatisfy(\.isFloating) else {
      throw .parameter(
        "matvec", expected: "floating unknowns", got: "\(unknowns.map(\.description))")
    }
    try matvec.expect(
      "matvec", inputs: groups.consts(0, of: operands) + unknowns, outputs: unknowns)
    try solve.expect(
      "solve", inputs: groups.consts(1, of: operands) + unknowns,
      outputs: unknowns + solve.outputTypes.dropFirst(unknowns.count))
    try transposeSolve?.expect(
      "transpose_solve", inputs: groups.consts(2, of: operands) + unknowns, outputs: unknowns)
    return solve.outputTypes
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let whole = try Program.build(operands) { b, inputs throws(NTKError) in
      let right = groups.rest(of: inputs)
      let found = try b.call(solve, groups.consts(1, of: inputs) + right)
      let x = Array(found.prefix(unknownCount))
      var joined = try b.call(matvec, groups.consts(0, of: inputs) + x)
      if let transposeSolve {
        joined += try b.call(transposeSolve, groups.consts(2, of: inputs) + x)
      }
      var outputs = found
      // What maps x to x joins the axes of b and x.
      for (index, value) in joined.enumerated() {
        let sum = try b.add(value, right[index % unknownCount])
        outputs.append(try b.add(sum, x[index % unknownCount]))
      }
      return outputs
    }
    return try whole.axisFlow(
      outputResults: whole.outputs.indices.map { $0 < solve.outputs.count ? $0 : nil })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> CustomLinearSolve {
    let unknowns = groups.rest(of: operands)
    var new = self
    new.matvec = try matvec.resized(inputs: groups.consts(0, of: operands) + unknowns)
    new.solve = try solve.resized(inputs: groups.consts(1, of: operands) + unknowns)
    new.transposeSolve = try transposeSolve?.resized(
      inputs: groups.consts(2, of: operands) + unknowns)
    return new
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let isMapped = axes.map { $0 != nil }
    let unknowns = [Bool](repeating: true, count: unknownCount)
    var new = self
    new.matvec = try matvec.mappedInFront(groups.consts(0, of: isMapped) + unknowns, size: size)
    new.solve = try solve.mappedInFront(groups.consts(1, of: isMapped) + unknowns, size: size)
    new.transposeSolve = try transposeSolve?.mappedInFront(
      groups.consts(2, of: isMapped) + unknowns, size: size)
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
    var pushed = [Value?](repeating: nil, count: results.count)
    let x = Array(results.prefix(unknownCount))
    var right = groups.rest(of: tangents)
    let given = groups.consts(0, of: tangents)
    if given.contains(where: { $0 != nil }) {
      let moved = try matvec.jvp(
        groups.consts(0, of: operands) + x, given + x.map { _ in nil }, in: &b
      ).tangents
      for (index, tangent) in moved.enumerated() {
        guard let tangent else { continue }
        right[index] = try b.sum(right[index], b.neg(tangent))
      }
    }
    guard right.contains(where: { $0 != nil }) else { return (results, pushed) }
    var newOperands = Array(operands.prefix(groups.total))
    for (tangent, value) in zip(right, x) {
      newOperands.append(try b.instantiate(tangent, b.type(of: value)))
    }
    let step = try b.apply(solving(solve.selecting(Array(x.indices))), newOperands)
    for (index, value) in step.enumerated() { pushed[index] = value }
    return (results, pushed)
  }

  private func solving(_ solve: Program) -> CustomLinearSolve {
    var new = self
    new.solve = solve
    return new
  }

  public func isLinear(known: [Bool]) throws(NTKError) -> Bool {
    known.prefix(groups.total).allSatisfy { $0 } && !known.dropFirst(groups.total).contains(true)
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let transposeSolve else {
      throw .unsupported(
        "reverse-mode differentiation of a custom_linear_solve without transpose_solve")
    }
    let unknowns = Array(0..<unknownCount)
    let consts = operands.prefix(groups.total).compactMap(\.value)
    let backward = CustomLinearSolve(
      matvec: try matvec.transposed(active: unknowns.map { $0 + constCounts[0] }),
      solve: transposeSolve, transposeSolve: try solve.selecting(unknowns),
      constCounts: [constCounts[0], constCounts[2], constCounts[1]])
    var given =
      groups.consts(0, of: consts) + groups.consts(2, of: consts) + groups.consts(1, of: consts)
    for index in unknowns {
      given.append(try b.instantiate(cotangents[index], matvec.outputTypes[index]))
    }
    return consts.map { _ in nil } + (try b.apply(backward, given))
  }
}
