import NTKProgram
import NTKRuntime

/// X of A X = B, or of Aᵀ X = B, by elimination with partial pivoting; not finite where A is
/// singular. The derivative is that of the solution, not of the factorization: it takes one more
/// solution with the same A.
public struct LinearSolve: LinearSystem {
  public static let name = "linear_solve"
  public internal(set) var isTransposed = false

  public init() {}
  public init(isTransposed: Bool) { self.isTransposed = isTransposed }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("transpose_a", &isTransposed, default: false)
  }

  public var isLeft: Bool { true }

  func seen(_ tangent: Value, in b: inout ProgramBuilder) throws(NTKError) -> Value { tangent }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    .solve(operands[0].matrix.rows, operands[1].matrix.columns)
  }

  func work(_ operands: [ValueType]) -> Double {
    let (n, k) = (Double(operands[0].matrix.rows), Double(operands[1].matrix.columns))
    return n * n * (n + 3 * k)
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (n, k) = types[1].matrix
    let result = results[0].assumingMemoryBound(to: T.self)
    result.update(from: operands[1], count: n * k)
    workspace.copy.update(from: operands[0], count: n * n)
    let permutation = workspace.integers + n
    MatrixFactorization<T>.lu(
      workspace.copy, n, n, pivots: workspace.integers, permutation: permutation,
      copy: workspace.work)
    MatrixFactorization<T>.solve(
      lu: workspace.copy, permutation: permutation, n, result, k, isTransposed: isTransposed,
      copy: workspace.work + n * n)
  }
}
