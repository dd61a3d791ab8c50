import NTKOperations
import NTKProgram
import XCTest

/// Programs that nobody thought of, put through the laws of programs.
final class RandomProgramTests: XCTestCase {
  /// Whether a program has a derivative near its inputs: all values are finite, and steps in the
  /// direction of `checkJVPLaw` change no choice that the program or its tangents make.
  private func isSmooth(_ subject: Subject, seed: UInt64) throws -> Bool {
    let jvp = try subject.program.jvp(active: subject.active)
    let inputs = subject.inputs(seed)
    let tangents = directions(
      subject.active.map { subject.program.inputTypes[$0] }, seed: seed + 1000)
    func choices(_ step: Double) throws -> [[Double]]? {
      var moved = inputs
      for (index, tangent) in zip(subject.active, tangents) {
        moved[index] = moved[index].adding(step, tangent)
      }
      let values = try allValues(jvp, moved + tangents)
      guard values.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else { return nil }
      return values.filter { $0.type.elementType == .bool }.map(\.values)
    }
    let here = try choices(0)
    return try here != nil && choices(1.0 / 512) == here && choices(-1.0 / 512) == here
  }

  private func checkSmooth(
    _ law: String, count: Int, seed: UInt64, _ body: (Subject) throws -> Double
  ) throws {
    var smooth = 0
    try check(law, count: count) { subject in
      guard try isSmooth(subject, seed: seed) else { return 0 }
      smooth += 1
      return try body(subject)
    }
    XCTAssertGreaterThan(smooth, count / 2, law)
  }

  private func check(_ law: String, count: Int, _ body: (Subject) throws -> Double) throws {
    var worst = (error: 0.0, subject: "none")
    var equations = 0
    for seed in 0..<UInt64(count) {
      let subject = try RandomProgram.subject(seed: seed, length: 4 + Int(seed) % 24)
      equations += subject.program.equationCount
      do {
        try subject.program.verify()
        let error = try body(subject)
        if error > worst.error { worst = (error, subject.description) }
      } catch {
        XCTFail("\(law): \(subject): \(error)")
      }
    }
    XCTAssertGreaterThan(equations, 4 * count)
    report("random programs, \(law): largest error \(worst.error) of \(equations) equations")
  }

  func testExecution() throws {
    try check("execution", count: 300) { try checkExecutionLaw($0, seed: 1) }
  }

  func testExecutionOfDerivatives() throws {
    try check("execution of jvp", count: 80) { try checkExecutionLaw($0.jvp(), seed: 2) }
    try check("execution of vjp", count: 80) { subject in
      let vjp = try subject.program.vjp(active: subject.active)
      let forward = try evaluate(vjp.forward, subject.inputs(3))
      let weights = directions(subject.program.outputTypes, seed: 4)
      let backward = Subject("vjp of \(subject)", vjp.backward) { _ in
        Array(forward.suffix(vjp.residualCount)) + weights
      }
      return try checkExecutionLaw(backward, seed: 0)
    }
  }

  func testSimplify() throws {
    try check("simplify", count: 200) { try checkSimplifyLaw($0, seed: 5) }
    try check("simplify jvp", count: 80) { try checkSimplifyLaw($0.jvp(), seed: 5) }
  }

  func testText() throws { try check("text", count: 100) { try checkTextLaw($0.jvp()) } }
  func testJVP() throws {
    try checkSmooth("jvp", count: 120, seed: 6) { try checkJVPLaw($0, seed: 6) }
  }

  func testTranspose() throws {
    try checkSmooth("transpose", count: 100, seed: 7) { try checkTransposeLaw($0, seed: 7) }
    try checkSmooth("transpose of jvp", count: 40, seed: 7) { subject in
      try checkTransposeLaw(subject.jvp(), seed: 7)
    }
  }

  func testVMap() throws { try check("vmap", count: 50) { try checkVMapLaw($0, seed: 8) } }

  func testJacobian() throws {
    try checkSmooth("jacobian", count: 50, seed: 9) { try checkJacobianLaw($0, seed: 9) }
  }
}
