import NTKProgram
import NTKRuntime

/// Eigenvectors, as columns, and eigenvalues in ascending order of symmetric matrices, of which one
/// triangle is read; NaN where there are none.
public struct Eigh: MatrixOperation {
  public static let name = "eigh"
  public private(set) var isLower = true
  /// LAPACK's are sorted anyway.
  public private(set) var isSorted = true

  public init() {}
  public init(isLower: Bool) { self.isLower = isLower }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("lower", &isLower, default: true)
    try coder.code("sort_eigenvalues", &isSorted, default: true)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands, isSquare: true)
    return [type, try type.replacingMatrix([type.matrix.rows])]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    .eigh(operands[0].matrix.rows)
  }

  func work(_ operands: [ValueType]) -> Double {
    let n = Double(operands[0].matrix.rows)
    return 20 * n * n * n
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    MatrixFactorization<T>.eigh(
      operands[0], types[0].matrix.rows, isLower: isLower,
      vectors: results[0].assumingMemoryBound(to: T.self),
      values: results[1].assumingMemoryBound(to: T.self), workspace: workspace)
  }

  // With D = Vᵀ dA V: dw its diagonal, dV = V (D ∘ F), F = 1 / (w_j - w_i) off the diagonal: infinite
  // where eigenvalues are equal. Giles, An extended collection of matrix derivative results, 2008.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil, nil] }
    let (v, w) = (results[0], results[1])
    let n = b.type(of: tangent).matrix.rows
    let change = try b.symmetric(from: tangent, isLower: isLower)
    let turned = try b.matrixProduct(b.matrixTranspose(v), b.matrixProduct(change, v))
    let columns = try b.repeated(w, n, asColumns: false)
    let difference = try b.sub(columns, b.repeated(w, n, asColumns: true))
    let factor = try b.reciprocalOffDiagonal(difference)
    let dv = try b.matrixProduct(v, b.mul(factor, turned))
    return [dv, try b.matrixDiagonal(turned)]
  }
}

extension ProgramBuilder {
  /// 1 / x, and 0 on the diagonal.
  mutating func reciprocalOffDiagonal(_ x: Value) throws(NTKError) -> Value {
    let identity = try identity(like: x)
    let one = try full(1, like: x)
    return try sub(div(one, add(x, identity)), identity)
  }
}
