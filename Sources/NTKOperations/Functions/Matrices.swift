import NTKProgram

// Matrices in the last two axes, in which the rules of factorizations are written.
extension ProgramBuilder {
  /// The products of two stacks of matrices of the same leading axes.
  mutating func matrixProduct(_ x: Value, _ y: Value) throws(NTKError) -> Value {
    let rank = shape(of: x).rank
    let batch = Array(0..<(rank - 2))
    return try one(
      DotGeneral(contracting: ([rank - 1], [rank - 2]), batch: (batch, batch)), x, y)
  }

  mutating func matrixTranspose(_ x: Value) throws(NTKError) -> Value {
    let rank = shape(of: x).rank
    return try transpose(x, Array(0..<(rank - 2)) + [rank - 1, rank - 2])
  }

  /// Whether the row's number compares so with the column's, in the shape of a value.
  mutating func rows(
    _ comparison: some Primitive, columnsOf value: Value
  ) throws(NTKError) -> Value {
    let whole = shape(of: value)
    let sizes = Array(whole.sizes.suffix(2))
    let row = try one(Iota(.i64, sizes, dimension: 0))
    let column = try one(Iota(.i64, sizes, dimension: 1))
    let mask = try one(comparison, row, column)
    return try broadcast(mask, to: whole)
  }

  /// Whether the row's number is at least one, in the shape of a value.
  mutating func rows(from first: Int, like value: Value) throws(NTKError) -> Value {
    let whole = shape(of: value)
    let row = try one(Iota(.i64, whole.sizes, dimension: whole.rank - 2))
    let bound = try full(Literal(first, .i64), whole)
    return try one(Ge(), row, bound)
  }

  /// The elements where the row's number compares so with the column's, 0 elsewhere.
  mutating func part(_ x: Value, rows comparison: some Primitive) throws(NTKError) -> Value {
    let mask = try rows(comparison, columnsOf: x)
    let zero = try zeros(type(of: x))
    return try select(mask, x, zero)
  }

  /// The lower triangle; without the diagonal if strict.
  mutating func lowerTriangle(_ x: Value, strict: Bool = false) throws(NTKError) -> Value {
    strict ? try part(x, rows: Gt()) : try part(x, rows: Ge())
  }

  /// The upper triangle; without the diagonal if strict.
  mutating func upperTriangle(_ x: Value, strict: Bool = false) throws(NTKError) -> Value {
    strict ? try part(x, rows: Lt()) : try part(x, rows: Le())
  }

  /// The diagonals of square matrices.
  mutating func matrixDiagonal(_ x: Value) throws(NTKError) -> Value {
    let diagonal = try part(x, rows: Eq())
    return try sum(diagonal, axes: [shape(of: x).rank - 1])
  }

  /// The identity matrices of a value's shape.
  mutating func identity(like x: Value) throws(NTKError) -> Value {
    let mask = try rows(Eq(), columnsOf: x)
    return try convert(mask, to: type(of: x).elementType)
  }

  /// Vectors in the last axis, repeated as the columns (rows) of matrices.
  mutating func repeated(
    _ vectors: Value, _ count: Int, asColumns: Bool
  ) throws(NTKError) -> Value {
    let rank = shape(of: vectors).rank
    return try broadcast(vectors, inserting: count, at: asColumns ? rank : rank - 1)
  }

  /// The symmetric matrices whose one triangle is that of a value.
  mutating func symmetric(from x: Value, isLower: Bool) throws(NTKError) -> Value {
    let mirrored = try matrixTranspose(x)
    let mask = isLower ? try rows(Ge(), columnsOf: x) : try rows(Le(), columnsOf: x)
    return try select(mask, x, mirrored)
  }

  /// Rows and columns of a part of matrices.
  mutating func block(
    _ x: Value, rows: Range<Int>, columns: Range<Int>
  ) throws(NTKError) -> Value {
    let shape = self.shape(of: x)
    let batch = shape.rank - 2
    let start = [Int](repeating: 0, count: batch) + [rows.lowerBound, columns.lowerBound]
    let limit = shape.sizes.prefix(batch) + [rows.upperBound, columns.upperBound]
    return try one(Slice(start, Array(limit)), x)
  }

  /// With rows and columns of zeros after the last.
  mutating func padded(_ x: Value, rows: Int, columns: Int) throws(NTKError) -> Value {
    let type = self.type(of: x)
    let (ownRows, ownColumns) = type.matrix
    guard rows != ownRows || columns != ownColumns else { return x }
    let zero = try full(.zero(type.elementType), .scalar)
    var padding = [PaddingConfig](repeating: PaddingConfig(0, 0), count: type.rank)
    padding[type.rank - 2] = PaddingConfig(0, rows - ownRows)
    padding[type.rank - 1] = PaddingConfig(0, columns - ownColumns)
    return try one(Pad(padding), x, zero)
  }

  /// One number for each matrix, repeated over it.
  mutating func overMatrices(_ x: Value, like matrices: Value) throws(NTKError) -> Value {
    let shape = self.shape(of: matrices)
    return try broadcast(x, to: shape, axes: Array(0..<(shape.rank - 2)))
  }
}
