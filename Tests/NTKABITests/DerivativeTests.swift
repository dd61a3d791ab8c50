import NTKHeader
import XCTest

/// Law: a run of a derivative is the run of its program.
final class DerivativeTests: XCTestCase {
  /// Two floating outputs and one that is not; a captured input.
  private let text = """
    ntk 1
    program(%0 "w": f64[3,2], %1: i32[2], %2 "x": f64[4,3]) captured(%3 "b": f64[2]) {
      %4 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%2, %0)
      %5 = broadcast_in_dim[shape=[4, 2], broadcast_dimensions=[1]](%3)
      %6 = add(%4, %5)
      %7 = tanh(%6)
      %8 = add(%1, %1)
      %9 = reduce_sum[axes=[0]](%7)
      return %7, %8, %9
    }
    """

  private func fill(_ arrays: [TestArray], seed: UInt64) -> [TestArray] {
    var random = RandomNumbers(seed: seed)
    for array in arrays { array.randomize(&random) }
    return arrays
  }

  func testJVP() throws {
    let program = try TestProgram.parse(text)
    for active in [[], [0], [2], [3], [0, 3], [0, 2, 3]] {
      let jvp = try TestProgram.make {
        ntk_program_jvp($0, program.pointer, active, active.count)
      }
      // (inputs, tangents) -> captured inputs last.
      let all = fill(jvp.inputs(), seed: 21)
      let expected = jvp.run(all)
      let inputs = all.prefix(3) + all.suffix(1)
      let tangents = all.dropFirst(3).dropLast()
      for _ in 0..<2 {
        let outputs = jvp.outputs()
        withExtendedLifetime((all, outputs)) {
          expectOK(
            ntk_jvp(
              program.pointer, active, active.count, inputs.map(\.buffer), 4,
              tangents.map(\.buffer), outputs.map(\.buffer), outputs.count, nil))
        }
        XCTAssertEqual(outputs.map(\.bytes), expected.map(\.bytes))
      }
    }
  }

  func testVJP() throws {
    let program = try TestProgram.parse(text)
    for active in [[], [0], [2], [3], [0, 3], [0, 2, 3]] {
      var (one, two): (OpaquePointer?, OpaquePointer?)
      expectOK(ntk_program_vjp(&one, &two, program.pointer, active, active.count))
      let forward = try XCTUnwrap(TestProgram(one))
      let backward = try XCTUnwrap(TestProgram(two))
      let inputs = fill(forward.inputs(), seed: 22)
      let values = forward.run(inputs)
      let cotangents = fill(backward.inputs().suffix(2), seed: 23)
      let expected = values.prefix(3) + backward.run(values.dropFirst(3) + cotangents)
      let outputs = program.outputs() + backward.outputs()
      withExtendedLifetime((inputs, cotangents, outputs)) {
        expectOK(
          ntk_vjp(
            program.pointer, active, active.count, inputs.map(\.buffer), 4,
            cotangents.map(\.buffer), 2, outputs.map(\.buffer), outputs.count, nil))
      }
      XCTAssertEqual(outputs.map(\.bytes), expected.map(\.bytes))
    }
  }

  func testJacobian() throws {
    let program = try TestProgram.parse(text)
    for active in [[], [0], [0, 3]] {
      for mode in 0..<3 as Range<Int32> {
        let jacobian = try TestProgram.make {
          ntk_program_jacobian($0, program.pointer, active, active.count, mode)
        }
        let inputs = fill(jacobian.inputs(), seed: 24)
        let expected = jacobian.run(inputs).dropFirst(3)
        let outputs = Array(jacobian.outputs().dropFirst(3))
        XCTAssertEqual(outputs.count, 2 * active.count)
        withExtendedLifetime((inputs, outputs)) {
          expectOK(
            ntk_jacobian(
              program.pointer, active, active.count, mode, inputs.map(\.buffer), 4,
              outputs.map(\.buffer), outputs.count, nil))
        }
        XCTAssertEqual(outputs.map(\.bytes), expected.map(\.bytes))
      }
    }
  }

  /// Messages name tangents and cotangents by what they belong to.
  func testLabels() throws {
    let program = try TestProgram.parse(text)
    let inputs = program.inputs()
    let wrong = [TestArray(Int32(NTK_F64), [7]), TestArray(Int32(NTK_F64), [2])]
    let outputs = program.outputs() + [TestArray(Int32(NTK_F64), [3, 2])]
    withExtendedLifetime((inputs, wrong, outputs)) {
      expect(
        NTK_SHAPE_MISMATCH,
        ntk_jvp(
          program.pointer, [0], 1, inputs.map(\.buffer), 4, wrong.map(\.buffer),
          outputs.map(\.buffer), 5, nil))
      XCTAssertEqual(lastError, "tangent of w has shape (7), expected (3, 2)")
      expect(
        NTK_SHAPE_MISMATCH,
        ntk_vjp(
          program.pointer, [0], 1, inputs.map(\.buffer), 4, wrong.map(\.buffer), 2,
          outputs.map(\.buffer), 4, nil))
      XCTAssertEqual(lastError, "cotangent of output 0 has shape (7), expected (4, 2)")
    }
  }

  /// More derivations than are kept, from several threads at once.
  func testManyDerivations() throws {
    let names = (0..<6).map { "%\($0): f64[2]" }.joined(separator: ", ")
    let program = try TestProgram.parse(
      "ntk 1 program(\(names)) { %6 = mul(%0, %1) %7 = mul(%6, %2) return %7 }")
    let pointer = program.pointer
    let waits = (0..<4).map { thread in
      Thread {
        for round in 0..<30 {
          let active = (0..<6).filter { (round * 4 + thread) >> $0 & 1 == 1 }
          let inputs = self.fill(program.inputs(), seed: 25)
          let tangents = self.fill(active.map { _ in TestArray(Int32(NTK_F64), [2]) }, seed: 26)
          let outputs = program.outputs() + program.outputs()
          withExtendedLifetime((inputs, tangents, outputs)) {
            expectOK(
              ntk_jvp(
                pointer, active, active.count, inputs.map(\.buffer), 6, tangents.map(\.buffer),
                outputs.map(\.buffer), 2, nil))
          }
          let x = inputs.map { $0.doubles[1] }
          var expected = 0.0
          for (index, tangent) in zip(active, tangents) where index < 3 {
            expected += (0..<3).reduce(tangent.doubles[1]) { $1 == index ? $0 : $0 * x[$1] }
          }
          XCTAssertEqual(outputs[1].doubles[1], expected, accuracy: 1e-15)
        }
      }.start()
    }
    for wait in waits { wait() }
  }
}
