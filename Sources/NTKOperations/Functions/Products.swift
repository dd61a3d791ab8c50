import NTKProgram

/// NumPy's matrix product: vectors, and stacks of matrices that broadcast.
struct MatMul: NamedFunction {
  let name = "np.matmul"

  private static let (row, inner, column) = (-1, -2, -3)

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try expectNumber(b.oneElementType(operands, count: 2))
    let (x, y) = (b.shape(of: operands[0]), b.shape(of: operands[1]))
    for (index, shape) in [x, y].enumerated() where shape.rank == 0 {
      throw .shape("operand \(index)", expected: "at least one axis", got: shape)
    }
    guard x[x.rank - 1] == y[max(y.rank - 2, 0)] else {
      throw .sizesDiffer("contracting", x, y)
    }
    let (xStack, yStack) = (max(x.rank - 2, 0), max(y.rank - 2, 0))
    let stack = try commonShape([
      try Shape(Array(x.sizes[..<xStack])), try Shape(Array(y.sizes[..<yStack])),
    ])
    func stackLabels(_ rank: Int) -> [Int] { Array((stack.rank - rank)..<stack.rank) }
    let left = x.rank == 1 ? [MatMul.inner] : [MatMul.row, MatMul.inner]
    let right = y.rank == 1 ? [MatMul.inner] : [MatMul.inner, MatMul.column]
    let labels = Array(stack.indices) + (left + right).filter { $0 != MatMul.inner }
    let product = try b.product(
      Labelled(value: operands[0], labels: stackLabels(xStack) + left),
      Labelled(value: operands[1], labels: stackLabels(yStack) + right), keeping: Set(labels))
    return [try b.arranged(product, labels).value]
  }
}

/// The product summed over pairs of axes; the rest of x's axes, then of y's.
struct TensorDot: NamedFunction {
  let name = "np.tensordot"
  var axes: [[Int]] = []

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try b.oneElementType(operands, count: 2)
    guard axes.count == 2, axes[0].count == axes[1].count else {
      throw .parameter("axes", expected: "two lists of as many axes", got: "\(axes)")
    }
    let left = try normalizedAxes(axes[0], rank: b.shape(of: operands[0]).rank)
    let right = try normalizedAxes(axes[1], rank: b.shape(of: operands[1]).rank)
    return try b.apply(DotGeneral(contracting: (left, right)), operands)
  }
}
