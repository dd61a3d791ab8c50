import NTKOperations
import NTKProgram
import XCTest

final class FunctionTests: XCTestCase {
  private func check(
    _ law: String, differentiated: Bool = true, _ body: (Subject) throws -> Double
  ) {
    var worst = (error: 0.0, subject: "none")
    for row in functionTable {
      do {
        let subject = try row.subject()
        for subject in differentiated ? [subject, try subject.jvp()] : [subject] {
          let error = try body(subject)
          if error > worst.error { worst = (error, subject.description) }
        }
      } catch {
        XCTFail("\(law): \(row): \(error)")
      }
    }
    report("functions, \(law): largest error \(worst.error), of \(worst.subject)")
  }

  func testTableIsComplete() {
    XCTAssertEqual(Set(functionTable.map(\.name)), Set(standardFunctionNames))
  }

  func testJVP() { check("jvp") { try checkJVPLaw($0, seed: 1) } }
  func testTranspose() { check("transpose") { try checkTransposeLaw($0, seed: 2) } }
  func testVMap() { check("vmap", differentiated: false) { try checkVMapLaw($0, seed: 3) } }
  func testText() { check("text") { try checkTextLaw($0) } }
  func testExecution() { check("execution") { try checkExecutionLaw($0, seed: 4) } }
  func testSimplify() { check("simplify") { try checkSimplifyLaw($0, seed: 5) } }

  private func call(
    _ name: String, _ operands: [TestArray], _ parameters: [String: ParameterValue] = [:]
  ) throws -> TestArray {
    let program = try Program.build(operands.map(\.type)) { b, values throws(NTKError) in
      try applyNamed(name, values, parameters, in: &b)
    }
    return try evaluate(program, operands)[0]
  }

  private func random(_ shapes: [[Int]], seed: UInt64 = 9) throws -> [TestArray] {
    directions(try shapes.map { try ValueType(.f64, $0) }, seed: seed)
  }

  func testEinsumAgainstLoops() throws {
    for (subscripts, shapes) in einsumCases {
      let operands = try random(shapes)
      let got = try call("np.einsum", operands, ["subscripts": .string(subscripts)])
      let expected = TestArray(got.type, naiveEinsum(subscripts, operands))
      try expectClose([got], [expected], 1e-14, subscripts)
    }
  }

  /// Implicit outputs and ellipses against explicit letters.
  func testEinsumNotation() throws {
    let cases = [
      ("ij,jk", "ij,jk->ik", [[2, 3], [3, 4]]), ("ba", "ba->ab", [[2, 3]]),
      ("ii", "ii->", [[3, 3]]),
      (" i j , j -> i ", "ij,j->i", [[2, 3], [3]]), ("Za", "Za->Za", [[2, 3]]),
      ("...ij,...jk->...ik", "XYij,XYjk->XYik", [[2, 2, 2, 3], [2, 2, 3, 2]]),
      ("...j,j->...", "XYj,j->XY", [[2, 3, 4], [4]]), ("i...->...i", "iXY->XYi", [[2, 3, 4]]),
      ("...i,...i", "XYi,Yi->XY", [[2, 3, 4], [3, 4]]), ("i...", "iX->Xi", [[2, 3]]),
      ("...,...->...", "XY,Y->XY", [[2, 3], [3]]),
      ("...,...->...", "XY,XY->XY", [[2, 1], [1, 3]]),
      ("b...i,...ij->b...j", "bXi,Xij->bXj", [[2, 3, 4], [1, 4, 2]]),
    ]
    for (short, long, shapes) in cases {
      let operands = try random(shapes)
      let got = try call("np.einsum", operands, ["subscripts": .string(short)])
      let expected = try call("np.einsum", operands, ["subscripts": .string(long)])
      XCTAssertEqual(got.type, expected.type, short)
      try expectClose([got], [expected], 1e-14, short)
    }
  }

  func testEinsumErrors() throws {
    let cases: [(String, [[Int]])] = [
      ("ij", [[2]]), ("i,j", [[2]]), ("i->j", [[2]]), ("i->ii", [[2]]), ("i1", [[2, 2]]),
      ("ii", [[2, 3]]), ("ii", [[1, 3]]), ("ij,jk", [[2, 3], [2, 3]]), ("...i->i", [[2, 3]]),
      ("....i", [[2, 3]]), ("...i...", [[2, 3]]), ("i->j->k", [[2]]), ("", [[2]]), ("é", [[2]]),
      ("i,", [[2]]),
    ]
    for (subscripts, shapes) in cases {
      let operands = try random(shapes)
      XCTAssertThrowsError(
        try call("np.einsum", operands, ["subscripts": .string(subscripts)]), subscripts)
    }
    XCTAssertThrowsError(try call("np.einsum", [], ["subscripts": .string("")]))
  }

  func testMatMulAgainstLoops() throws {
    for (x, y) in matmulShapes {
      let operands = try random([x, y])
      let got = try call("np.matmul", operands)
      // Labels of the stacks from the right, of the longer one.
      let letters = Array("DCBA")
      func stack(_ count: Int) -> String { String(letters.prefix(max(count, 0)).reversed()) }
      let left = stack(x.count - 2) + (x.count > 1 ? "m" : "") + "k"
      let right = stack(y.count - 2) + "k" + (y.count > 1 ? "n" : "")
      let both = max(x.count, y.count) - 2
      let output = stack(both) + (x.count > 1 ? "m" : "") + (y.count > 1 ? "n" : "")
      let expected = naiveEinsum("\(left),\(right)->\(output)", operands)
      try expectClose([got], [TestArray(got.type, expected)], 1e-14, "\(x) @ \(y)")
    }
    for (x, y) in [([], [2]), ([2], []), ([2, 3], [2, 3]), ([1], [2]), ([2, 2, 3], [3, 3, 2])] {
      let operands = try random([x, y])
      XCTAssertThrowsError(try call("np.matmul", operands), "\(x) @ \(y)")
    }
  }

  func testTensorDotAgainstLoops() throws {
    let operands = try random([[2, 3, 4], [4, 2, 5]])
    let got = try call(
      "np.tensordot", operands, ["axes": .list([.ints(0, -1), .ints(-2, 0)])])
    let expected = naiveEinsum("abc,cad->bd", operands)
    try expectClose([got], [TestArray(got.type, expected)], 1e-14, "tensordot")
  }

  func testReductionsAgainstLoops() throws {
    let x = try random([[3, 4]])[0]
    let rows = (0..<3).map { Array(x.values[($0 * 4)..<($0 * 4 + 4)]) }
    func check(_ name: String, _ parameters: [String: ParameterValue], _ expected: [Double]) throws
    {
      let got = try call(name, [x], parameters)
      try expectClose([got], [TestArray(got.type, expected)], 1e-14, name)
    }
    let axis: [String: ParameterValue] = ["axis": .int(1)]
    let means = rows.map { $0.reduce(0, +) / 4 }
    let deviations = zip(rows, means).map { row, mean in
      row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    try check("np.sum", axis, rows.map { $0.reduce(0, +) })
    try check("np.max", axis, rows.map { $0.max()! })
    try check("np.min", axis, rows.map { $0.min()! })
    try check("np.mean", axis, means)
    try check("np.var", axis, deviations.map { $0 / 4 })
    try check("np.var", ["axis": .int(-1), "ddof": .int(1)], deviations.map { $0 / 3 })
    let sums = rows.map { $0.reduce(0) { $0 + exp($1) } }
    try check("nn.logsumexp", axis, sums.map { log($0) })
    try check("nn.softmax", [:], zip(rows, sums).flatMap { row, sum in row.map { exp($0) / sum } })
    try check(
      "nn.log_softmax", [:], zip(rows, sums).flatMap { row, sum in row.map { $0 - log(sum) } })
  }

  func testUnknownNamesAndParameters() {
    func error(_ name: String, _ parameters: [String: ParameterValue]) -> NTKError? {
      do throws(NTKError) {
        _ = try Program.build([matrixType]) { b, values throws(NTKError) in
          try applyNamed(name, values, parameters, in: &b)
        }
        return nil
      } catch { return error }
    }
    let matrixType = type(.f64, 2, 3)
    XCTAssertEqual(error("np.nothing", [:]), .unknownOperation("np.nothing"))
    XCTAssertEqual(
      error("np.sum", ["axes": .int(0)]), .unknownParameter("axes", operation: "np.sum"))
    XCTAssertEqual(
      error("reduce_sum", [:]),
      .inOperation("reduce_sum", operands: [matrixType], .missingParameter("axes")))
    XCTAssertEqual(
      error("np.sum", ["axis": .int(2)]),
      .inOperation("np.sum", operands: [matrixType], .axisOutOfRange(2, rank: 2)))
    XCTAssertEqual(
      error("np.sum", ["axis": .ints(0, -2)]),
      .inOperation("np.sum", operands: [matrixType], .repeatedAxis(0)))
    XCTAssertEqual(
      error("np.sum", ["axis": .string("0")]),
      .inOperation(
        "np.sum", operands: [matrixType],
        .parameter("axis", expected: "an axis, a list of axes, or none", got: "\"0\"")))
    XCTAssertNil(error("tanh", [:]))
  }
}
