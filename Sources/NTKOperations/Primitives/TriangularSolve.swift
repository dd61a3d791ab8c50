import NTKProgram
import NTKRuntime

/// X of op(A) X = B (to the right: X op(A) = B) with a triangular A, of which the one triangle is
/// read; `jax.lax.linalg.triangular_solve`.
public struct TriangularSolve: LinearSystem {
  public static let name = "triangular_solve"
  public private(set) var isLeft = false
  public private(set) var isLower = false
  public internal(set) var isTransposed = false
  /// The diagonal is taken to be 1 and not read.
  public private(set) var isUnit = false

  public init() {}

  public init(
    isLeft: Bool, isLower: Bool, isTransposed: Bool = false, isUnit: Bool = false
  ) {
    self.isLeft = isLeft
    self.isLower = isLower
    self.isTransposed = isTransposed
    self.isUnit = isUnit
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("left_side", &isLeft, default: false)
    try coder.code("lower", &isLower, default: false)
    try coder.code("transpose_a", &isTransposed, default: false)
    try coder.code("unit_diagonal", &isUnit, default: false)
  }

  func seen(_ tangent: Value, in b: inout ProgramBuilder) throws(NTKError) -> Value {
    isLower
      ? try b.lowerTriangle(tangent, strict: isUnit)
      : try b.upperTriangle(tangent, strict: isUnit)
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(copyCount: 0)
  }

  func work(_ operands: [ValueType]) -> Double {
    Double(operands[0].matrix.rows) * Double(operands[1].matrix.rows)
      * Double(operands[1].matrix.columns)
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (m, n) = types[1].matrix
    let result = results[0].assumingMemoryBound(to: T.self)
    result.update(from: operands[1], count: m * n)
    MatrixFactorization<T>.triangularSolve(
      operands[0], result, m, n, isLeft: isLeft, isLower: isLower, isTransposed: isTransposed,
      isUnit: isUnit)
  }
}
