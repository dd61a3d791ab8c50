import NTKOperations
import NTKProgram
import XCTest

/// Derivatives where there is none, and special values: as in JAX and NumPy.
final class KinkTests: XCTestCase {
  /// Values and tangents, for the tangents of all floating operands.
  private func jvp(
    _ name: String, _ operands: [[Double]], _ tangents: [[Double]],
    _ parameters: [String: ParameterValue] = [:], _ element: ElementType = .f64
  ) throws -> (value: [Double], tangent: [Double]) {
    let types = operands.map { type(element, $0.count) }
    let program = try Program.build(types) { b, values throws(NTKError) in
      try applyNamed(name, values, parameters, in: &b)
    }
    let inputs = zip(types, operands).map { TestArray($0, $1) }
    let directions = zip(types, tangents).map { TestArray($0, $1) }
    let results = try evaluate(
      try program.jvp(active: Array(types.indices)), inputs + directions)
    return (results[0].values, results[1].values)
  }

  private func assertBits(_ got: [Double], _ expected: [Double], line: UInt = #line) {
    func bits(_ x: [Double]) -> [UInt64] {
      x.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
    }
    XCTAssertEqual(bits(got), bits(expected), "\(got) is not \(expected)", line: line)
  }

  func testTiesOfMaxAreSplit() throws {
    let max = try jvp("max", [[1, 1, 2, .nan], [1, 2, 1, 1]], [[3, 3, 3, 3], [5, 5, 5, 5]])
    assertBits(max.value, [1, 2, 2, .nan])
    assertBits(max.tangent, [4, 5, 3, 0])
    let min = try jvp(
      "np.minimum", [[1, 1, 2, .nan], [1, 2, 1, 1]], [[3, 3, 3, 3], [5, 5, 5, 5]])
    assertBits(min.value, [1, 1, 1, .nan])
    XCTAssertEqual(min.tangent, [4, 3, 5, 0])
  }

  func testTiesOfReduceMaxAreShared() throws {
    let axis: [String: ParameterValue] = ["axes": .ints(0)]
    assertBits(try jvp("reduce_max", [[2, 1, 2, 2]], [[1, 9, 3, 8]], axis).tangent, [4])
    assertBits(try jvp("reduce_max", [[2, .nan, 2]], [[1, 9, 3]], axis).value, [.nan])
    assertBits(try jvp("reduce_max", [[2, .nan, 2]], [[1, 9, 3]], axis).tangent, [.nan])
    let infinity = Double.infinity
    assertBits(try jvp("reduce_max", [[infinity, 1, infinity]], [[2, 9, 4]], axis).tangent, [3])
    assertBits(try jvp("reduce_max", [[]], [[]], axis).value, [-infinity])
    assertBits(try jvp("reduce_max", [[]], [[]], axis).tangent, [0])
  }

  /// What is not chosen does not come through, NaN or not.
  func testMasksSelect() throws {
    let max = try jvp("max", [[1, 1], [2, 1]], [[.nan, 1], [5, .infinity]])
    assertBits(max.tangent, [5, .infinity])
    let reduced = try jvp("reduce_max", [[2, 1]], [[3, .nan]], ["axes": .ints(0)])
    assertBits(reduced.tangent, [3])
  }

  func testMagnitudeAndSign() throws {
    let infinity = Double.infinity
    let x = [-2, -0.0, 0, 3, -infinity, infinity, .nan]
    let ones = x.map { _ in 1.0 }
    let magnitude = try jvp("np.abs", [x], [ones])
    assertBits(magnitude.value, [2, 0, 0, 3, infinity, infinity, .nan])
    assertBits(Array(magnitude.tangent.prefix(6)), [-1, 1, 1, 1, -1, 1])
    let sign = try jvp("np.sign", [x], [ones])
    assertBits(sign.value, [-1, 0, 0, 1, -1, 1, .nan])
    assertBits(sign.tangent, [0, 0, 0, 0, 0, 0, 0])
    for (element, least) in [(ElementType.i32, Double(Int32.min)), (.i64, Double(Int64.min))] {
      let program = try Program.build([type(element, 3)]) { b, values throws(NTKError) in
        try applyNamed("np.abs", values, [:], in: &b) + applyNamed("np.sign", values, [:], in: &b)
          + applyNamed("np.min", values, [:], in: &b)
      }
      let results = try evaluate(program, [TestArray(type(element, 3), [least, -1, 2])])
      XCTAssertEqual(results.map(\.values), [[least, 1, 2], [-1, -1, 1], [least]])
    }
  }

  func testEdgesOfElementaryFunctions() throws {
    let infinity = Double.infinity
    assertBits(try jvp("sqrt", [[0, infinity, -1]], [[1, 1, 1]]).tangent, [infinity, 0, .nan])
    assertBits(try jvp("log", [[0, infinity]], [[1, 1]]).tangent, [infinity, 0])
    assertBits(try jvp("exp", [[-infinity, infinity]], [[1, 1]]).tangent, [0, infinity])
    assertBits(try jvp("tanh", [[-infinity, 40, 0]], [[1, 1, 1]]).tangent, [0, 0, 1])
    assertBits(
      try jvp("logistic", [[-infinity, infinity, 0]], [[1, 1, 1]]).tangent, [0, 0, 0.25])
    let power: [String: ParameterValue] = ["y": .int(0)]
    assertBits(
      try jvp("integer_pow", [[0, .nan, infinity]], [[1, 1, 1]], power).value, [1, 1, 1])
    assertBits(
      try jvp("integer_pow", [[0, .nan, infinity]], [[1, 1, 1]], power).tangent, [0, 0, 0])
    assertBits(try jvp("integer_pow", [[0]], [[1]], ["y": .int(1)]).tangent, [1])
    assertBits(try jvp("integer_pow", [[0]], [[1]], ["y": .int(2)]).tangent, [0])
    assertBits(try jvp("integer_pow", [[0]], [[1]], ["y": .int(-1)]).tangent, [-infinity])
    assertBits(try jvp("div", [[1, 0], [0, 0]], [[0, 0], [1, 1]]).tangent, [.nan, .nan])
  }

  func testLogSumExpOfInfinities() throws {
    let infinity = Double.infinity
    func value(_ name: String, _ x: [Double]) throws -> [Double] {
      try jvp(name, [x], [x.map { _ in 0 }]).value
    }
    assertBits(try value("nn.logsumexp", [-infinity, -infinity]), [-infinity])
    assertBits(try value("nn.logsumexp", [infinity, 1]), [infinity])
    assertBits(try value("nn.logsumexp", [.nan, 1]), [.nan])
    assertBits(try value("nn.logsumexp", []), [-infinity])
    assertBits(try value("nn.logsumexp", [1000, -infinity]), [1000])
    assertBits(try value("nn.softmax", [0, -infinity]), [1, 0])
    assertBits(try value("nn.log_softmax", [1000, -infinity]), [0, -infinity])
    assertBits(
      try jvp("nn.softmax", [[0, -infinity]], [[1, 1]]).tangent, [0, 0])
  }

  func testPowers() throws {
    let infinity = Double.infinity
    let pow = try jvp("pow", [[0, 0, 2, 0], [0, 2, 0, -1]], [[1, 1, 1, 1], [0, 0, 0, 0]])
    assertBits(pow.value, [1, 0, 1, infinity])
    assertBits(Array(pow.tangent.dropFirst().prefix(2)), [0, 0])
    // log(0) counts as 0.
    let exponent = try jvp("pow", [[0, 0, 2], [0, 2, 1]], [[0, 0, 0], [1, 1, 1]])
    XCTAssertEqual(exponent.tangent[1], 0)
    XCTAssertEqual(exponent.tangent[2], 2 * log(2), accuracy: 1e-15)
    let integers = try Program.build([type(.f64, 3), type(.i32, 3)]) { b, v throws(NTKError) in
      try b.apply(Pow(), v)
    }
    let x = TestArray(type(.f64, 3), [0, 0, 3])
    let results = try evaluate(
      try integers.jvp(active: [0]),
      [x, TestArray(type(.i32, 3), [0, 1, 2]), TestArray(x.type, [1, 1, 1])])
    assertBits(results[1].values, [0, 1, 6])
  }

  func testProductsOfZeros() throws {
    let axis: [String: ParameterValue] = ["axes": .ints(0)]
    assertBits(try jvp("reduce_prod", [[0, 2, 3]], [[1, 5, 7]], axis).tangent, [6])
    assertBits(try jvp("reduce_prod", [[0, 2, 0]], [[1, 5, 7]], axis).tangent, [0])
    assertBits(try jvp("reduce_prod", [[]], [[]], axis).value, [1])
    let first: [String: ParameterValue] = ["axis": .int(0)]
    assertBits(try jvp("cumprod", [[2, 0, 3, 0]], [[1, 1, 1, 1]], first).value, [2, 0, 0, 0])
    assertBits(try jvp("cumprod", [[2, 0, 3, 0]], [[1, 1, 1, 1]], first).tangent, [1, 2, 6, 0])
  }

  func testTiesOfCumulativeExtremes() throws {
    let axis: [String: ParameterValue] = ["axis": .int(0)]
    let max = try jvp("cummax", [[1, 1, .nan, 2]], [[2, 4, 1, 1]], axis)
    assertBits(max.value, [1, 1, .nan, .nan])
    assertBits(Array(max.tangent.prefix(2)), [2, 3])
    let infinity = Double.infinity
    assertBits(
      try jvp("cumlogsumexp", [[-infinity, 0, infinity, 1]], [[0, 0, 0, 0]], axis).value,
      [-infinity, 0, infinity, infinity])
    let tie = try jvp("cumlogsumexp", [[1, 1]], [[2, 4]], axis)
    XCTAssertEqual(tie.tangent[1], 3, accuracy: 1e-15)
  }

  func testPlacesOfTiesAndNaN() throws {
    for (name, expected) in [("argmax", [1.0, 2, 0]), ("argmin", [0, 2, 0])] {
      for (row, place) in zip([[1, 3, 3], [5, 4, .nan], [2, 2, 2]], expected) {
        let program = try Program.build([type(.f64, 3)]) { b, v throws(NTKError) in
          try applyNamed(
            name, v, ["axes": .ints(0), "index_dtype": .elementType(.i32)], in: &b)
        }
        XCTAssertEqual(
          try evaluate(program, [TestArray(type(.f64, 3), row)])[0].values, [place], name)
      }
    }
  }

  func testEdgesOfOtherFunctions() throws {
    let infinity = Double.infinity
    func tangent(_ name: String, _ x: [Double]) throws -> [Double] {
      try jvp(name, [x], [x.map { _ in 1 }]).tangent
    }
    assertBits(try tangent("abs", [-1, -0.0, 0, 1]), [-1, 1, 1, 1])
    assertBits(try tangent("rsqrt", [0, infinity]), [-infinity, -0.0])
    assertBits(try tangent("cbrt", [0]), [infinity])
    assertBits(try tangent("log1p", [-1, infinity]), [infinity, 0])
    assertBits(try tangent("asin", [1]), [infinity])
    assertBits(try tangent("acos", [-1]), [-infinity])
    assertBits(try tangent("atan", [infinity]), [0])
    assertBits(try tangent("atanh", [1]), [infinity])
    assertBits(try tangent("erf", [infinity, 40]), [0, 0])
    assertBits(try tangent("erf_inv", [1]), [infinity])
    assertBits(try jvp("atan2", [[0], [0]], [[1], [1]]).tangent, [.nan])
    assertBits(
      try jvp(
        "clamp", [[0, 0, 0], [0, 2, 1], [1, 1, 1]],
        [[1, 1, 1], [2, 2, 2], [4, 4, 4]]
      ).tangent, [0, 4, 0])
  }
}
