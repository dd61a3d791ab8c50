import NTKProgram
import NTKRuntime

/// A = U diag(s) Vᵀ: singular values in descending order and, if asked for, the columns of U and the
/// rows of Vᵀ; both square if full, else as many as there are values. NaN where there are none.
public struct Svd: MatrixOperation {
  public static let name = "svd"
  public private(set) var isFull = true
  public private(set) var hasVectors = true

  public init() {}

  public init(isFull: Bool, hasVectors: Bool = true) {
    self.isFull = isFull
    self.hasVectors = hasVectors
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("full_matrices", &isFull, default: true)
    try coder.code("compute_uv", &hasVectors, default: true)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands)
    let (m, n) = type.matrix
    let rank = min(m, n)
    let values = try type.replacingMatrix([rank])
    guard hasVectors else { return [values] }
    return [
      values, try type.replacingMatrix([m, isFull ? m : rank]),
      try type.replacingMatrix([isFull ? n : rank, n]),
    ]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    let (m, n) = operands[0].matrix
    return .svd(m, n, isFull: isFull, vectors: hasVectors)
  }

  func work(_ operands: [ValueType]) -> Double {
    let (m, n) = operands[0].matrix
    return 20 * Double(m) * Double(n) * Double(isFull ? max(m, n) : min(m, n))
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (m, n) = types[0].matrix
    let pointers = results.map { $0.assumingMemoryBound(to: T.self) }
    MatrixFactorization<T>.svd(
      operands[0], m, n, values: pointers[0],
      vectors: hasVectors ? (pointers[1], pointers[2]) : nil, isFull: isFull,
      workspace: workspace)
  }

  func evaluateEmpty(_ results: [ArrayReference]) { results.dropFirst().forEach(writeIdentity) }

  // With dS = Uᵀ dA V: ds its diagonal, dU = U (F ∘ (dS s + s dSᵀ) + antisymmetric diagonal) and what
  // dA moves out of the span of U, dV alike; F = 1 / (s_j² - s_i²) off the diagonal.
  // Giles, An extended collection of matrix derivative results, 2008.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return results.map { _ in nil } }
    let (m, n) = b.type(of: tangent).matrix
    guard m == n || !isFull || !hasVectors else {
      throw .unsupported(
        "the derivative of a full svd of \(m) x \(n) matrices is not defined; "
          + "full_matrices=false has one")
    }
    let factors = hasVectors ? results : try b.apply(Svd(isFull: false), operands)
    let (s, u, vt) = (factors[0], factors[1], factors[2])
    let (ut, v) = (try b.matrixTranspose(u), try b.matrixTranspose(vt))
    let change = try b.matrixProduct(ut, b.matrixProduct(tangent, v))
    let ds = try b.matrixDiagonal(change)
    guard hasVectors else { return [ds] }
    let rank = min(m, n)
    let columns = try b.repeated(s, rank, asColumns: false)
    let rows = try b.repeated(s, rank, asColumns: true)
    let squares = try b.mul(b.add(columns, rows), b.sub(columns, rows))
    let factor = try b.reciprocalOffDiagonal(squares)
    let left = try b.symmetrized(b.mul(columns, change))
    let right = try b.symmetrized(b.mul(rows, change))
    var du = try b.matrixProduct(u, b.mul(factor, left))
    var dv = try b.matrixProduct(v, b.mul(factor, right))
    if m > n {
      let moved = try b.matrixProduct(tangent, v)
      du = try b.add(du, b.outside(moved, of: u, s))
    }
    if n > m {
      let moved = try b.matrixProduct(b.matrixTranspose(tangent), u)
      dv = try b.add(dv, b.outside(moved, of: v, s))
    }
    return [ds, du, try b.matrixTranspose(dv)]
  }
}

extension ProgramBuilder {
  fileprivate mutating func symmetrized(_ x: Value) throws(NTKError) -> Value {
    try add(x, matrixTranspose(x))
  }

  /// What is orthogonal to the columns of `basis`, by the singular values.
  fileprivate mutating func outside(
    _ x: Value, of basis: Value, _ s: Value
  ) throws(NTKError) -> Value {
    let inside = try matrixProduct(basis, matrixProduct(matrixTranspose(basis), x))
    let rest = try sub(x, inside)
    return try div(rest, repeated(s, type(of: x).matrix.rows, asColumns: false))
  }
}
