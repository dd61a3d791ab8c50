import NTKProgram

extension ProgramBuilder {
  /// Symmetric matrices, by NumPy's rule made of one triangle; the derivative of matrices that are
  /// symmetric is that of their symmetric part, as jax.numpy.linalg's.
  fileprivate mutating func symmetricOperand(
    _ a: Value, isLower: Bool
  ) throws(NTKError) -> Value {
    try expectMatrix(type(of: a), 0, isSquare: true)
    let rank = shape(of: a).rank
    let mirrored = try matrixTranspose(a)
    let isEqual = try one(Eq(), a, mirrored)
    let isSymmetric = try one(ReduceAnd([rank - 2, rank - 1]), isEqual)
    let part = try add(mul(a, 0.5), mul(mirrored, 0.5))
    let triangle = try symmetric(from: a, isLower: isLower)
    return try select(overMatrices(isSymmetric, like: a), part, triangle)
  }

  /// X of A X = B, where one A may stand for many B.
  fileprivate mutating func solve(_ a: Value, _ side: Value) throws(NTKError) -> Value {
    let type = self.type(of: side)
    let rank = type.rank
    guard shape(of: a).rank == 2, rank > 2 else {
      return try one(LinearSolve(), a, side)
    }
    let (rows, columns) = type.matrix
    let first = try move(side, axis: rank - 2, to: 0)
    let merged = try reshape(first, to: Shape([rows, type.matrixCount * columns]))
    let solved = try reshape(one(LinearSolve(), a, merged), to: shape(of: first))
    return try move(solved, axis: 0, to: rank - 2)
  }
}

/// X of A X = B; B is a vector, or matrices. Leading axes broadcast.
struct Solve: NamedFunction {
  let name = "np.linalg.solve"

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try expectFloats(b.types(of: operands).map(\.elementType))
    try b.types(of: operands).expect(count: 2)
    var (a, side) = (operands[0], operands[1])
    try expectMatrix(b.type(of: a), 0, isSquare: true)
    let isVector = b.shape(of: side).rank == 1
    if isVector { side = try b.broadcast(side, inserting: 1, at: 1) }
    try expectMatrix(b.type(of: side), 1)
    guard b.type(of: a).matrix.columns == b.type(of: side).matrix.rows else {
      throw .sizesDiffer("system", b.shape(of: a), b.shape(of: operands[1]))
    }
    if b.shape(of: a).rank > 2 {
      let batch = try commonShape([
        try Shape(Array(b.shape(of: a).sizes.dropLast(2))),
        try Shape(Array(b.shape(of: side).sizes.dropLast(2))),
      ])
      let (own, other) = (b.shape(of: a).sizes.suffix(2), b.shape(of: side).sizes.suffix(2))
      a = try b.broadcast(a, to: Shape(batch.sizes + own))
      side = try b.broadcast(side, to: Shape(batch.sizes + other))
    }
    let x = try b.solve(a, side)
    guard isVector else { return [x] }
    return [try b.reshape(x, to: b.shape(of: x).removing([b.shape(of: x).rank - 1]))]
  }
}

/// The inverses of matrices.
struct Inverse: NamedFunction {
  let name = "np.linalg.inv"

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try expectMatrices(b.types(of: operands), isSquare: true)
    let identity = try b.identity(like: operands[0])
    return [try b.one(LinearSolve(), operands[0], identity)]
  }
}

/// Determinants. Of small matrices the polynomial, whose derivatives are right for any rank.
struct Determinant: NamedFunction {
  let name = "np.linalg.det"

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    let type = try expectMatrices(b.types(of: operands), isSquare: true)
    let result = try type.replacingMatrix([]).shape
    let n = type.matrix.rows
    guard (1...3).contains(n) else { return [try b.one(Det(), operands[0])] }
    func element(_ row: Int, _ column: Int) throws(NTKError) -> Value {
      let (rows, columns) = (row % n, column % n)
      let part = try b.block(operands[0], rows: rows..<(rows + 1), columns: columns..<(columns + 1))
      return try b.reshape(part, to: result)
    }
    if n == 1 { return [try element(0, 0)] }
    func minor(_ row: Int, _ column: Int) throws(NTKError) -> Value {
      let (p, q) = (try element(row + 1, column + 1), try element(row + 2, column + 2))
      let (r, s) = (try element(row + 1, column + 2), try element(row + 2, column + 1))
      let plus = try b.mul(p, q)
      return try b.sub(plus, b.mul(r, s))
    }
    if n == 2 {
      let plus = try b.mul(element(0, 0), element(1, 1))
      return [try b.sub(plus, b.mul(element(0, 1), element(1, 0)))]
    }
    var total = try b.mul(element(0, 0), minor(0, 0))
    for column in 1..<3 {
      total = try b.add(total, b.mul(element(0, column), minor(0, column)))
    }
    return [total]
  }
}

/// Sign and logarithm of the absolute value of determinants.
struct SignAndLogarithm: NamedFunction {
  let name = "np.linalg.slogdet"

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    try b.apply(Slogdet(), operands)
  }
}

/// The triangle L of A = L Lᵀ, or of A = Uᵀ U the upper one.
struct CholeskyFactor: NamedFunction {
  let name = "np.linalg.cholesky"
  var isUpper = false

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("upper", &isUpper, default: false)
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try expectMatrices(b.types(of: operands), isSquare: true)
    let a = try b.symmetricOperand(operands[0], isLower: !isUpper)
    let factor = try b.one(Cholesky(), a)
    return [isUpper ? try b.matrixTranspose(factor) : factor]
  }
}

/// Eigenvalues in ascending order, and eigenvectors as columns, of symmetric matrices.
struct SymmetricEigenvectors: NamedFunction {
  let name = "np.linalg.eigh"
  var triangle = "L"

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("UPLO", &triangle, default: "L")
    guard ["L", "U"].contains(triangle) else {
      throw .parameter("UPLO", expected: "\"L\" or \"U\"", got: "\"\(triangle)\"")
    }
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try expectMatrices(b.types(of: operands), isSquare: true)
    let a = try b.symmetricOperand(operands[0], isLower: triangle == "L")
    let results = try b.apply(Eigh(isLower: triangle == "L"), [a])
    return [results[1], results[0]]
  }
}
