import NTKProgram

/// D A B Bᵀ Aᵀ Dᵀ of one term on each side, as a network. Arrays are numbered: the first side's,
/// then the second's.
struct PairNetwork {
  let network: LabelledNetwork
  let contraction: NetworkContraction
  /// What stands for each tensor and relation in an explanation.
  let names: [String]

  /// nil: forms that do not fit together; the parameter is then contracted densely.
  init?(
    _ left: StructuredOutput, _ one: StructuredOutput.Term, _ right: StructuredOutput,
    _ two: StructuredOutput.Term, _ rules: AxisRules
  ) throws(NTKError) {
    var network = LabelledNetwork()
    // Axes that follow when labels split: outputs of both sides, then where the terms stand.
    var ends: [[[Int]]] = []
    var cotangents = Set<Int>()
    let sides = [(left, one, 0), (right, two, left.contents.count)]
    for (index, (side, _, _)) in sides.enumerated() {
      var axes = network.addAxes(side.type.shape)
      if index == 1 {
        for axis in rules.trace + rules.diagonal { axes[axis] = ends[0][axis] }
      }
      ends.append(axes)
    }
    for (index, (side, term, offset)) in sides.enumerated() {
      let leading = side.samples.map { [ends[index][$0.outputAxis]] } ?? []
      var outputs = ends[index]
      if let axis = side.samples?.outputAxis { outputs[axis] = [] }
      let cotangent = try side.position(.cotangent(term.edge))
      ends.append(network.addAxes(side.cut.type(at: term.edge).shape))
      cotangents.insert(offset + cotangent)
      network.add(
        array: offset + cotangent,
        axes: (side.isMapped[cotangent] ? leading : []) + outputs + ends[2 + index])
      for step in term.steps.reversed() {
        guard step.form.isSmall else { return nil }
        var arrays = [Int](repeating: -1, count: step.operands.count)
        var prefixes = [[[Int]]](repeating: [], count: step.operands.count)
        for (operand, value) in step.operands.enumerated() {
          guard let position = side.index(of: .residual(value)) else { continue }
          arrays[operand] = offset + position
          prefixes[operand] = side.isMapped[position] ? leading : []
        }
        let added = network.add(step.form, arrays: arrays, leading: prefixes)
        ends.append(added.operand)
        guard network.join(ends[2 + index], added.result, keeping: &ends) else { return nil }
        ends[2 + index] = ends.removeLast()
      }
    }
    guard network.join(ends[2], ends[3], keeping: &ends) else { return nil }
    network.setOpen(
      rules.diagonal.map { ends[0][$0] } + rules.pairs.map { ends[0][$0] }
        + rules.pairs.map { ends[1][$0] })
    let summed = Array(ends[2].joined()) + rules.trace.flatMap { ends[0][$0] }
    guard
      let contraction = NetworkContraction(network, cotangents: cotangents, summed: summed)
    else { return nil }
    self.network = network
    self.contraction = contraction
    names =
      contraction.tensors.map { tensor in
        guard case .array(let array, _, _, _) = tensor.source else { return "(ids = ids')" }
        let name = cotangents.contains(array) ? "D" : "a"
        return array < left.contents.count ? name : name + "'"
      } + contraction.relations.map { _ in "S" }
  }
}

extension LinearForm {
  /// Whether products and sums of its numbers stay far from overflow.
  fileprivate var isSmall: Bool {
    let limit: UInt = 1 << 31
    return labels.allSatisfy { $0.magnitude < limit }
      && relations.allSatisfy { relation in
        guard case .affine(_, let terms, let offset) = relation else { return true }
        return offset.magnitude < limit && terms.allSatisfy { $0.coefficient.magnitude < limit }
      }
  }
}
