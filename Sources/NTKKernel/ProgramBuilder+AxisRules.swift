import NTKOperations
import NTKProgram

extension ProgramBuilder {
  /// J J'ᵀ of one parameter by the axis rules, as matrices, from Jacobians of shape output + [P].
  mutating func contract(
    _ first: Value, _ second: Value, _ rules: AxisRules
  ) throws(NTKError) -> Value {
    let contracting = rules.trace + [rules.rank]
    let product = DotGeneral(
      contracting: (contracting, contracting), batch: (rules.diagonal, rules.diagonal))
    return try one(product, first, second)
  }

  /// The traced and diagonal axes of a whole kernel of shape first + second, as matrices.
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
    let ordered = (rules.diagonal + rules.pairs).compactMap(left.firstIndex)
    return try transpose(value, ordered + rules.pairs.indices.map { left.count + $0 })
  }

  /// Of matrices of equal sides, what rounding made unequal: entries above the diagonal are taken
  /// from below it.
  mutating func symmetrized(_ kernel: Value, _ rules: AxisRules) throws(NTKError) -> Value {
    let shape = self.shape(of: kernel)
    let rows = shape.sizes[rules.diagonal.count...].prefix(rules.pairs.count)
    let count = rows.reduce(1, *)
    guard count > 1 else { return kernel }
    let batch = shape.sizes.prefix(rules.diagonal.count).reduce(1, *)
    let matrices = try Shape([batch, count, count])
    let flat = try reshape(kernel, to: matrices)
    let index = try one(Iota(count <= Int32.max ? .i32 : .i64, [count], dimension: 0))
    let row = try broadcast(index, to: matrices, axes: [1])
    let column = try broadcast(index, to: matrices, axes: [2])
    let exchanged = try transpose(flat, [0, 2, 1])
    let isBelow = try one(Ge(), row, column)
    return try reshape(select(isBelow, flat, exchanged), to: shape)
  }

  /// Divided by the product of the traced axes' sizes.
  mutating func normalized(_ kernel: Value, by count: Int) throws(NTKError) -> Value {
    if count == 1 { return kernel }
    let type = self.type(of: kernel)
    return try one(Div(), kernel, full(Literal(count, type.elementType), type.shape))
  }
}
