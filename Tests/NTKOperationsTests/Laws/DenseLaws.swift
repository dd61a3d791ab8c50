import NTKOperations
import NTKProgram

/// The Jacobian of the results by one operand: for each element of the operand, the tangents. Empty
/// where the operation says that it has none.
func denseJacobian(_ sample: EquationSample, operand: Int) throws -> [[TestArray]] {
  let program = try Program.build(sample.types) { b, operands throws(NTKError) in
    try b.apply(sample.primitive, operands)
  }
  let jvp: Program
  do throws(NTKError) {
    jvp = try program.jvp(active: [operand])
  } catch {
    guard error.status == .unsupported else { throw error }
    return []
  }
  let type = sample.types[operand]
  return try (0..<type.shape.elementCount).map { index in
    var basis = TestArray(type)
    basis.values[index] = 1
    return Array(
      try evaluate(jvp, sample.operands + [basis]).dropFirst(program.outputs.count))
  }
}

/// Position of an element along an axis.
private func position(_ index: Int, _ shape: Shape, _ axis: Int) -> Int {
  index / shape.strides[axis] % max(shape[axis], 1)
}

/// Off a thread's diagonal the Jacobian is 0.
func checkDiagonalLaw(_ sample: EquationSample) throws -> Double {
  let flow = try sample.primitive.axisFlow(sample.types)
  for (operand, type) in sample.types.enumerated()
  where type.isFloating && type.shape.elementCount <= 64 {
    for (column, tangents) in try denseJacobian(sample, operand: operand).enumerated() {
      let resultTypes = try sample.primitive.resultTypes(sample.types)
      let floating = resultTypes.indices.filter { resultTypes[$0].isFloating }
      for (result, tangent) in zip(floating, tangents) {
        for thread in flow.threads {
          for source in thread.operands where source.array == operand {
            for target in thread.results where target.array == result {
              for (row, value) in tangent.values.enumerated()
              where value != 0
                && position(row, tangent.shape, target.axis)
                  != position(column, type.shape, source.axis)
              {
                throw LawFailure("∂result[\(row)]/∂operand \(operand)[\(column)] = \(value)")
              }
            }
          }
        }
      }
    }
  }
  return 0
}

/// A form is the dense Jacobian, entry by entry.
func checkFormLaw(_ sample: EquationSample) throws -> Double {
  guard let primitive = sample.primitive as? any LinearInOperands else { return 0 }
  let resultTypes = try primitive.resultTypes(sample.types)
  guard resultTypes.count == 1, resultTypes[0].isFloating else { return 0 }
  var largest = 0.0
  for (operand, type) in sample.types.enumerated()
  where type.isFloating && type.shape.elementCount <= 64 {
    guard let form = try primitive.form(of: operand, sample.types) else { continue }
    let dense = try denseJacobian(sample, operand: operand).map { $0[0] }
    let expected = form.dense(sample, operand: operand, resultTypes[0])
    for (column, pair) in zip(dense, expected).enumerated() {
      largest = max(
        largest,
        try expectClose(
          [pair.1], [pair.0], resultTypes[0].elementType == .f32 ? 1e-6 : 1e-14,
          "form \(form) of operand \(operand), column \(column)"))
    }
  }
  return largest
}

extension LinearForm {
  /// The matrix that the form says, by going through all values of all labels.
  func dense(_ sample: EquationSample, operand: Int, _ result: ValueType) -> [TestArray] {
    let type = sample.types[operand]
    var columns = [TestArray](
      repeating: TestArray(result), count: type.shape.elementCount)
    var values = [Int](repeating: 0, count: labels.count)
    guard !labels.contains(0) else { return columns }
    while true {
      if holds(values, sample) {
        let row = offset(self.result, values)
        let column = offset(self.operand, values)
        columns[column].values[row] += factor(values, sample)
      }
      var label = labels.count - 1
      while label >= 0 {
        values[label] += 1
        if values[label] < labels[label] { break }
        values[label] = 0
        label -= 1
      }
      if label < 0 { return columns }
    }
  }

  /// Row-major, over the labels of all axes.
  private func offset(_ axes: [[Int]], _ values: [Int]) -> Int {
    axes.joined().reduce(0) { $0 * labels[$1] + values[$1] }
  }

  private func holds(_ values: [Int], _ sample: EquationSample) -> Bool {
    relations.allSatisfy { relation in
      switch relation {
      case .affine(let target, let terms, let offset):
        values[target] == terms.reduce(offset) { $0 + $1.coefficient * values[$1.label] }
      case .table(let target, let operand, let axes):
        Double(values[target]) == sample.operands[operand].values[offset(axes, values)]
      }
    }
  }

  private func factor(_ values: [Int], _ sample: EquationSample) -> Double {
    residuals.reduce(1) { product, residual in
      if case .scale(let number) = residual.use { return product * number }
      let value = sample.operands[residual.operand].values[offset(residual.axes, values)]
      switch residual.use {
      case .factor: return product * value
      case .reciprocalFactor: return product / value
      case .mask(let wanted):
        // select_n takes the nearest case; the table's masks say so by the clamped value.
        return value == Double(wanted) ? product : 0
      case .scale: return product
      }
    }
  }
}
