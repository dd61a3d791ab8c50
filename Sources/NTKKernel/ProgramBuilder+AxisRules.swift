import NTKOperations
import NTKProgram

extension ProgramBuilder {
  /// J J'ᵀ of one parameter by the axis rules, in the result's order, from Jacobians of shape
  /// output + [P].
  mutating func contract(
    _ first: Value, _ second: Value, _ rules: AxisRules
  ) throws(NTKError) -> Value {
    let contracting = rules.trace + [rules.rank]
    let product = DotGeneral(
      contracting: (contracting, contracting), batch: (rules.diagonal, rules.diagonal))
    let kernel = try one(product, first, second)
    return try transpose(kernel, rules.interleaving)
  }

  /// The traced and diagonal axes of a whole kernel of shape first + second, in the result's order.
  mutating func diagonals(
    _ whole: Value, _ rules: AxisRules
  ) throws(NTKError) -> Value {
    let shape = self.shape(of: whole)
    var value = whole
    var summed: [Int] = []
    for axis in rules.trace + rules.diagonal {
      let other = axis + rules.rank
      let rows = try one(Iota(.i64, shape.sizes, dimension: axis))
      let columns = try one(Iota(.i64, shape.sizes, dimension: other))
      // Chosen, not multiplied: what is off the diagonal may be NaN.
      value = try select(one(Eq(), rows, columns), value, zeros(type(of: value)))
      summed.append(other)
    }
    value = try sum(value, axes: (summed + rules.trace).sorted())
    // Left are the first side's axes but the traced ones, then the second's pairs.
    let left = (0..<rules.rank).filter { !rules.trace.contains($0) }
    var permutation: [Int] = []
    for (position, axis) in left.enumerated() {
      permutation.append(position)
      if let pair = rules.pairs.firstIndex(of: axis) { permutation.append(left.count + pair) }
    }
    return try transpose(value, permutation)
  }

  /// Of a kernel of equal sides, what rounding made unequal: entries above the diagonal are taken
  /// from below it.
  mutating func symmetrized(_ kernel: Value, _ rules: AxisRules) throws(NTKError) -> Value {
    guard !rules.pairs.isEmpty else { return kernel }
    let shape = self.shape(of: kernel)
    let exchanged = try transpose(kernel, rules.exchange)
    // The pairs' flat indices on both sides.
    var flat: [Value?] = [nil, nil]
    var axis = 0
    for own in 0..<rules.rank {
      if rules.pairs.contains(own) {
        for side in 0..<2 {
          let index = try one(Iota(.i64, shape.sizes, dimension: axis))
          if let before = flat[side] {
            let size = try full(Literal(shape[axis], .i64), shape)
            flat[side] = try add(one(Mul(), before, size), index)
          } else {
            flat[side] = index
          }
          axis += 1
        }
      } else if rules.diagonal.contains(own) {
        axis += 1
      }
    }
    guard let row = flat[0], let column = flat[1] else { return kernel }
    return try select(one(Ge(), row, column), kernel, exchanged)
  }

  /// Divided by the product of the traced axes' sizes.
  mutating func normalized(_ kernel: Value, by count: Int) throws(NTKError) -> Value {
    if count == 1 { return kernel }
    let type = self.type(of: kernel)
    return try one(Div(), kernel, full(Literal(count, type.elementType), type.shape))
  }
}
