import NTKProgram
import NTKRuntime

/// The lower triangular L with positive diagonal of A = L Lᵀ; NaN where A is not positive definite.
/// Of the symmetric A the lower triangle is read.
public struct Cholesky: MatrixOperation {
  public static let name = "cholesky"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    [try expectMatrices(operands, isSquare: true)]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(copyCount: 0)
  }

  func work(_ operands: [ValueType]) -> Double {
    let n = Double(operands[0].matrix.rows)
    return n * n * n / 3
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let n = types[0].matrix.rows
    let result = results[0].assumingMemoryBound(to: T.self)
    result.update(from: operands[0], count: n * n)
    MatrixFactorization<T>.cholesky(result, n)
  }

  // dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ takes the lower triangle and half of the diagonal.
  // Iain Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let factor = results[0]
    let change = try b.symmetric(from: tangent, isLower: true)
    let right = try b.one(
      TriangularSolve(isLeft: false, isLower: true, isTransposed: true), factor, change)
    let both = try b.one(TriangularSolve(isLeft: true, isLower: true), factor, right)
    let half = try b.mul(both, 0.5)
    let diagonal = try b.part(half, rows: Eq())
    let below = try b.lowerTriangle(both, strict: true)
    let inner = try b.add(below, diagonal)
    return [try b.matrixProduct(factor, inner)]
  }
}
