import NTKProgram
import NTKRuntime

/// The solution X of op(A) X = B or of X op(A) = B: linear in B, given A.
protocol LinearSystem: MatrixOperation, LinearInOperands {
  /// Whether op(A) stands to the left of X.
  var isLeft: Bool { get }
  /// Whether op(A) is Aᵀ.
  var isTransposed: Bool { get set }

  /// What the system sees of a change of A.
  func seen(_ tangent: Value, in b: inout ProgramBuilder) throws(NTKError) -> Value
}

extension LinearSystem {
  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    _ = try expectFloats(operands.map(\.elementType))
    try expectMatrix(operands[0], 0, isSquare: true)
    try expectMatrix(operands[1], 1)
    let (a, b) = (operands[0], operands[1])
    guard a.shape.sizes.dropLast(2) == b.shape.sizes.dropLast(2) else {
      throw .shapesDiffer([a.shape, b.shape])
    }
    guard a.matrix.rows == (isLeft ? b.matrix.rows : b.matrix.columns) else {
      throw .sizesDiffer("system", a.shape, b.shape)
    }
    return [b]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let batch = operands[1].rank - 2
    var flow = AxisFlow(
      (0..<batch).map { axis in
        .init(
          operands: [AxisReference(0, axis), AxisReference(1, axis)],
          results: [AxisReference(0, axis)])
      })
    // Each column of B (row, if A stands to the right) is a system of its own.
    let free = isLeft ? batch + 1 : batch
    flow.threads.append(
      .init(operands: [AxisReference(1, free)], results: [AxisReference(0, free)]))
    return flow
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let shape = b.shape(of: operands[1])
    guard axes[0] == nil, let axis = axes[1], b.shape(of: operands[0]).rank == 2 else {
      var leading: [Value] = []
      for (operand, axis) in zip(operands, axes) {
        leading.append(try b.atBatchAxis(operand, axis, 0, size: size))
      }
      return (try b.apply(self, leading), [0])
    }
    // One A for all: the batch is more columns (rows) of B.
    let place = isLeft ? 1 : 0
    let moved = try b.move(operands[1], axis: axis, to: place)
    let (rows, columns) = (shape.removing([axis])[0], shape.removing([axis])[1])
    let sizes = isLeft ? [rows, size * columns] : [size * rows, columns]
    let merged = try b.reshape(moved, to: Shape(sizes))
    let solved = try b.one(self, operands[0], merged)
    return ([try b.reshape(solved, to: b.shape(of: moved))], [place])
  }

  public func isLinear(known: [Bool]) -> Bool { known[0] && !known[1] }

  // op(A) dX = dB - op(dA) X
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var side = tangents[1]
    if let tangent = tangents[0] {
      let part = try seen(tangent, in: &b)
      let change = isTransposed ? try b.matrixTranspose(part) : part
      let product =
        isLeft
        ? try b.matrixProduct(change, results[0]) : try b.matrixProduct(results[0], change)
      let minus = try b.neg(product)
      side = try b.sum(side, minus)
    }
    guard let side else { return [nil] }
    return [try b.one(self, operands[0], side)]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let a = operands[0].value else { return [nil, nil] }
    var new = self
    new.isTransposed.toggle()
    return [nil, try b.one(new, a, cotangent)]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }
}
