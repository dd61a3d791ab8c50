import NTKOperations
import NTKProgram
import XCTest

/// Every row of the table, put through every law; then the program that carries its tangents.
final class LawTests: XCTestCase {
  private func check(
    _ law: String, differentiated: Bool = true,
    _ body: (Subject) throws -> Double
  ) {
    var worst = (error: 0.0, subject: "none")
    for row in operationTable {
      do {
        let subject = try Subject(row)
        for subject in differentiated && row.isTwiceDifferentiable
          ? [subject, try subject.jvp()] : [subject]
        {
          do {
            let error = try body(subject)
            if error > worst.error { worst = (error, subject.description) }
          } catch {
            XCTFail("\(law): \(subject): \(error)")
          }
        }
      } catch {
        XCTFail("\(law): \(row): \(error)")
      }
    }
    report("\(law): largest error \(worst.error), of \(worst.subject)")
  }

  /// Every operation of the catalog has a row.
  func testTableIsComplete() {
    let rows = Set(operationTable.map { $0.primitive.name })
    XCTAssertEqual(Set(StandardCatalog.primitives.map { $0.name }), rows)
    XCTAssertEqual(StandardCatalog.primitives.count, rows.count)
  }

  func testJVP() { check("jvp") { try checkJVPLaw($0, seed: 1) } }
  func testTranspose() { check("transpose") { try checkTransposeLaw($0, seed: 2) } }
  func testHoisting() {
    var count = 0
    check("hoisting") { subject in
      let (error, isHoisted) = try checkHoistingLaw(subject, seed: 9)
      if isHoisted { count += 1 }
      return error
    }
    XCTAssertGreaterThan(count, 0, "no loop of the table had anything to hoist")
  }
  func testJacobian() {
    check("jacobian", differentiated: false) { try checkJacobianLaw($0, seed: 3) }
  }
  func testVMap() { check("vmap") { try checkVMapLaw($0, seed: 4) } }
  func testText() { check("text") { try checkTextLaw($0) } }
  func testExecution() { check("execution") { try checkExecutionLaw($0, seed: 5) } }
  func testSimplify() { check("simplify") { try checkSimplifyLaw($0, seed: 6) } }

  /// The laws of a single operation, on every operation that the table's programs, their tangents,
  /// their cotangents and their maps are made of.
  private func checkEquations(_ law: String, _ body: (EquationSample) throws -> Double) {
    check(law) { subject in
      var largest = 0.0
      func checkAll(_ program: Program, _ inputs: [TestArray], _ what: String) throws {
        for sample in try samples(program, inputs) {
          do {
            largest = max(largest, try body(sample))
          } catch {
            throw LawFailure("\(what): \(sample): \(error)")
          }
        }
      }
      let inputs = subject.inputs(7)
      try checkAll(subject.program, inputs, "itself")
      guard subject.isReversible else { return largest }
      let vjp = try subject.program.vjp(active: subject.active)
      let forward = try evaluate(vjp.forward, inputs)
      let weights = directions(subject.program.outputTypes.filter(\.isFloating), seed: 8)
      try checkAll(
        vjp.backward, Array(forward.suffix(vjp.residualCount)) + weights, "its transpose")
      return largest
    }
  }

  func testEvaluation() { checkEquations("evaluation") { try checkEvaluationLaw($0) } }
  func testAxisFlow() { checkEquations("axis flow") { try checkAxisFlowLaw($0) } }
  func testDiagonal() { checkEquations("diagonal") { try checkDiagonalLaw($0) } }
  func testForm() { checkEquations("form") { try checkFormLaw($0) } }
}
