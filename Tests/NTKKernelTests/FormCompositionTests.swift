import NTKKernel
import NTKOperations
import NTKProgram
import XCTest

/// Forms composed over a cut behind parameter-only values, with the metric that they imply, give the
/// kernel: Θ = Σ over pairs of edges, over pairs of paths, of one network each.
final class FormCompositionTests: XCTestCase {
  /// Programs of (parameters..., x); the last input is x.
  private static let programs: [(name: String, text: String)] = [
    (
      "x @ W.T",
      """
      program(%0: f64[3,4], %1: f64[2,4]) {
        %2 = transpose[permutation=[1, 0]](%0)
        %3 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %2)
        %4 = tanh(%3)
        return %4
      }
      """
    ),
    (
      "a weight used twice",
      """
      program(%0: f64[3,3], %1: f64[2,3]) {
        %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %0)
        %3 = tanh(%2)
        %4 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%3, %0)
        return %4
      }
      """
    ),
    (
      "W0 + A B",
      """
      program(%0: f64[3,4], %1: f64[3,2], %2: f64[2,4], %3: f64[2,3]) {
        %4 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %2)
        %5 = add(%0, %4)
        %6 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%3, %5)
        %7 = tanh(%6)
        %8 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%7, %5)
        return %8
      }
      """
    ),
    (
      "exp(s), reshaped and broadcast",
      """
      program(%0: f64[6], %1: f64[3], %2: f64[2,3]) {
        %3 = reshape[new_sizes=[2, 3]](%0)
        %4 = dot_general[dimension_numbers=[[[1], [1]], [[], []]]](%2, %3)
        %5 = exp(%1)
        %6 = broadcast_in_dim[shape=[2, 3], broadcast_dimensions=[1]](%5)
        %7 = mul(%2, %6)
        %8 = reduce_sum[axes=[1]](%7)
        %9 = broadcast_in_dim[shape=[2, 2], broadcast_dimensions=[0]](%8)
        %10 = add(%4, %9)
        return %10
      }
      """
    ),
  ]

  func testComposedFormsGiveTheKernel() throws {
    for (name, text) in Self.programs {
      let program = try Program.parse("ntk 1\n\(text)".utf8, catalog: standardCatalog)
      try checkComposition(name, program)
    }
  }

  private func checkComposition(_ name: String, _ program: Program) throws {
    var generator = SplitMix(state: 7)
    let parameters = Array(0..<(program.inputCount - 1))
    let inputs = program.inputTypes.map { Dense.random($0.shape.sizes, &generator) }
    let cut = try ParameterCut(program, parameters: parameters)
    XCTAssertGreaterThan(cut.edges.count, 0, name)
    // The programs take tangents too; residuals do not depend on them.
    let zeros = parameters.map { index in
      let shape = program.inputTypes[index].shape
      return Dense(shape.sizes, [Double](repeating: 0, count: shape.elementCount))
    }
    let values = try evaluate(
      try cut.values((0..<cut.jvp.valueCount).map { Value($0) }), inputs + zeros)

    let output = cut.jvp.outputs.count - 1
    let shape = program.outputTypes[0].shape
    var total = [Double](
      repeating: 0, count: shape.elementCount * shape.elementCount)
    for left in cut.edges {
      for right in cut.edges {
        var arrays = values
        for edge in [left, right] {
          arrays += try evaluate(try cut.cotangents(of: edge, output: output), inputs + zeros)
        }
        for first in cut.paths(to: left) {
          for second in cut.paths(to: right) where first.parameter == second.parameter {
            let network = try pairNetwork(cut, first.steps, second.steps, shape, values.count)
            for (index, value) in network.evaluate(arrays).elements.enumerated() {
              total[index] += value
            }
          }
        }
      }
    }
    let jacobians = try evaluate(try program.jacobian(active: parameters), inputs).dropFirst()
    var expected = [Double](repeating: 0, count: total.count)
    let count = shape.elementCount
    for jacobian in jacobians {
      let size = jacobian.elements.count / count
      for row in 0..<count {
        for column in 0..<count {
          for index in 0..<size {
            let left = jacobian.elements[row * size + index]
            let right = jacobian.elements[column * size + index]
            expected[row * count + column] += left * right
          }
        }
      }
    }
    let norm = Dense([expected.count], expected).norm()
    let difference = Dense([total.count], zip(total, expected).map { $0 - $1 }).norm()
    XCTAssertGreaterThan(norm, 0, name)
    XCTAssertLessThan(difference, 1e-12 * norm, name)
  }

  /// D · A · B · Bᵀ · Aᵀ · Dᵀ for one path on each side. Arrays are the program's values, then D of
  /// the left edge and of the right one.
  private func pairNetwork(
    _ cut: ParameterCut, _ left: [ParameterCut.Step], _ right: [ParameterCut.Step],
    _ output: Shape, _ valueCount: Int
  ) throws -> LabelledNetwork {
    var network = LabelledNetwork()
    // Axes that must follow when labels split: both outputs, then both ends at the parameter.
    var ends: [[[Int]]] = []
    for (side, steps) in [left, right].enumerated() {
      let last = cut.jvp.equation(steps[steps.count - 1].equation)
      let outputAxes = network.addAxes(output)
      let edgeAxes = network.addAxes(cut.jvp.type(of: last.results[0]).shape)
      network.add(array: valueCount + side, axes: outputAxes + edgeAxes)
      ends.append(outputAxes)
      ends.append(edgeAxes)
      for step in steps.reversed() {
        let form = try XCTUnwrap(try cut.form(step))
        let operands = cut.jvp.equation(step.equation).operands.map(\.index)
        let added = network.add(form, arrays: operands)
        ends.append(added.operand)
        let current = ends[2 * side + 1]
        XCTAssertTrue(network.join(current, added.result, keeping: &ends))
        ends[2 * side + 1] = ends.removeLast()
      }
    }
    XCTAssertTrue(network.join(ends[1], ends[3], keeping: &ends))
    network.setOpen(ends[0] + ends[2])
    return network
  }
}
