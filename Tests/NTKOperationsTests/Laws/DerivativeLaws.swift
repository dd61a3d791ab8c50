import NTKOperations
import NTKProgram

// Each law returns the largest relative error that it saw.

/// The tangents are the differences of values.
func checkJVPLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let program = subject.program
  let jvp = try program.jvp(active: subject.active)
  try jvp.verify()
  let inputs = subject.inputs(seed)
  let tangents = directions(
    subject.active.map { program.inputTypes[$0] }, seed: seed + 1000)
  let results = try evaluate(jvp, inputs + tangents)
  let count = program.outputs.count
  let values = try evaluate(program, inputs)
  try expectClose(Array(results.prefix(count)), values, 0, "values beside tangents")
  // Differences of f32 have no digits left.
  guard !subject.isSingle else { return 0 }
  func moved(_ step: Double) throws -> [TestArray] {
    var inputs = inputs
    for (index, tangent) in zip(subject.active, tangents) {
      inputs[index] = inputs[index].adding(step, tangent)
    }
    return try evaluate(program, inputs).filter { $0.type.isFloating }
  }
  // Equal infinities differ by 0.
  func differences(_ step: Double, _ factor: Double) throws -> [TestArray] {
    zip(try moved(step), try moved(-step)).map { after, before in
      TestArray(
        after.type,
        zip(after.values, before.values).map { $0 == $1 ? 0 : factor * ($0 - $1) })
    }
  }
  var expected = values.filter { $0.type.isFloating }.map { TestArray($0.type) }
  switch subject.step {
  case .zero: break
  case .one: expected = try differences(1, 0.5)
  case .small:
    let h = 1.0 / 1024
    expected = zip(try differences(h, 8 / (12 * h)), try differences(2 * h, 1 / (12 * h))).map {
      $0.adding(-1, $1)
    }
  }
  let tolerance = if case .one = subject.step { 1e-12 } else { 1e-7 }
  return try expectClose(
    Array(results.dropFirst(count)), expected, tolerance, "jvp against differences")
}

/// <w, J v> = <Jᵀ w, v>, and the linear program of `linearized` gives J v.
func checkTransposeLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let program = subject.program
  let active = subject.active
  let inputs = subject.inputs(seed)
  let tangents = directions(active.map { program.inputTypes[$0] }, seed: seed + 2000)
  let outputTypes = program.outputTypes.filter(\.isFloating)
  let weights = directions(outputTypes, seed: seed + 3000)
  let jvp = try program.jvp(active: active)
  let pushed = Array(
    try evaluate(jvp, inputs + tangents).dropFirst(program.outputs.count))

  let linearized = try program.linearized(active: active)
  try linearized.known.verify()
  try linearized.linear.verify()
  let known = try evaluate(linearized.known, inputs)
  let residuals = Array(known.suffix(linearized.residualCount))
  try expectClose(
    try evaluate(linearized.linear, residuals + tangents), pushed, subject.tolerance,
    "linear program")

  guard subject.isReversible else { return try checkIrreversible(program, active) }
  let vjp = try program.vjp(active: active)
  try vjp.forward.verify()
  try vjp.backward.verify()
  let forward = try evaluate(vjp.forward, inputs)
  let pulled = try evaluate(
    vjp.backward, Array(forward.suffix(vjp.residualCount)) + weights)
  guard pulled.map(\.type) == tangents.map(\.type) else {
    throw LawFailure("cotangents have types \(pulled.map(\.type))")
  }
  let products = zip(weights, pushed).flatMap { zip($0.values, $1.values).map(*) }
  let left = products.reduce(0, +)
  let right = zip(pulled, tangents).flatMap { zip($0.values, $1.values).map(*) }.reduce(0, +)
  let error = abs(left - right) / max(1, products.reduce(0) { $0 + abs($1) })
  guard error <= subject.tolerance else {
    throw LawFailure("<w, Jv> = \(left), <Jᵀw, v> = \(right); Jᵀw = \(pulled)")
  }
  return error
}

/// Reverse mode is refused, and says why.
private func checkIrreversible(_ program: Program, _ active: [Int]) throws -> Double {
  do {
    _ = try program.vjp(active: active)
  } catch {
    guard error.status == .unsupported else { throw error }
    return 0
  }
  throw LawFailure("reverse mode gave a program")
}

/// The Jacobian, forwards and backwards, has J v's columns.
func checkJacobianLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let program = subject.program
  let inputs = subject.inputs(seed)
  var largest = 0.0
  var blocks: [[TestArray]] = []
  for mode in subject.isReversible ? [JacobianMode.forward, .reverse] : [.forward, .forward] {
    let jacobian = try program.jacobian(active: subject.active, mode: mode)
    try jacobian.verify()
    blocks.append(try evaluate(jacobian, inputs))
  }
  largest = try expectClose(
    blocks[0], blocks[1], subject.tolerance, "Jacobian forwards and backwards")
  return largest
}

/// A linear program says the same when its loops take from outside what needs no state of theirs.
/// - Returns: the error, and whether there was a loop that did.
func checkHoistingLaw(
  _ subject: Subject, seed: UInt64
) throws -> (error: Double, isHoisted: Bool) {
  let program = subject.program
  let jvp = try program.jvp(active: subject.active)
  let isKnown = (0..<jvp.inputCount).map { $0 < program.inputCount }
  let split = try jvp.split(known: isKnown)
  let tangents = Array(split.residualCount..<split.rest.inputCount)
  let hoisted = try split.rest.hoisted(linear: tangents)
  try hoisted.verify()
  let residuals = try evaluate(split.known, subject.inputs(seed)).suffix(split.residualCount)
  let given = residuals + directions(tangents.map { split.rest.inputTypes[$0] }, seed: seed + 1)
  let error = try expectClose(
    try evaluate(hoisted, Array(given)), try evaluate(split.rest, Array(given)),
    subject.tolerance, "hoisted")
  return (error, hoisted != split.rest)
}
