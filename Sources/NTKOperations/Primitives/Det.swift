import NTKProgram
import NTKRuntime

/// Determinants, by elimination with partial pivoting.
public struct Det: MatrixOperation {
  public static let name = "det"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands, isSquare: true)
    return [try type.replacingMatrix([])]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    .solve(operands[0].matrix.rows, 0)
  }

  func work(_ operands: [ValueType]) -> Double {
    let n = Double(operands[0].matrix.rows)
    return n * n * n
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    var product: T = 1
    forEachPivot(operands[0], types[0].matrix.rows, workspace) { pivot, isExchanged in
      product *= isExchanged ? -pivot : pivot
    }
    results[0].assumingMemoryBound(to: T.self).pointee = product
  }

  func evaluateEmpty(_ results: [ArrayReference]) { writeOnes(results[0]) }

  // d det A = tr(adj(A) dA)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let adjugate = try b.adjugate(operands[0], determinant: results[0])
    let product = try b.mul(tangent, b.matrixTranspose(adjugate))
    let rank = b.shape(of: tangent).rank
    return [try b.sum(product, axes: [rank - 2, rank - 1])]
  }
}

extension ProgramBuilder {
  /// The adjugates, det(A) A⁻¹, of rank n - 1 too; 0 below, as in jax.numpy.linalg.det's rule.
  ///
  /// Of P A = L U with u_nn near 0, y = det(A) U⁻¹ x has y_n = x_n Π_{i<n} u_ii, without division by
  /// u_nn; the other rows follow by substitution from det(A) x_i.
  fileprivate mutating func adjugate(
    _ a: Value, determinant: Value
  ) throws(NTKError) -> Value {
    let type = self.type(of: a)
    let n = type.matrix.rows
    guard n > 1 else { return try full(1, like: a) }
    let factors = try apply(Lu(), [a])
    let (lu, pivots) = (factors[0], factors[1])
    // The sign of the exchanges, and the product of all pivots but the last.
    let step = try one(
      Iota(.i32, shape(of: pivots).sizes, dimension: type.rank - 2))
    let exchanged = try convert(one(Ne(), pivots, step), to: .i32)
    let count = try sum(exchanged, axes: [type.rank - 2])
    let odd = try one(And(), count, ones(self.type(of: count)))
    let zero = try zeros(self.type(of: count))
    let isOdd = try one(Ne(), odd, zero)
    let inner = try block(lu, rows: 0..<(n - 1), columns: 0..<(n - 1))
    let pivotsButLast = try matrixDiagonal(inner)
    let product = try one(ReduceProd([type.rank - 2]), pivotsButLast)
    let partial = try select(isOdd, neg(product), product)
    let identity = try identity(like: a)
    let ordered = try rows(of: identity, permuted: factors[2])
    let x = try one(TriangularSolve(isLeft: true, isLower: true, isUnit: true), lu, ordered)
    let isLastRow = try rows(from: n - 1, like: a)
    let corner = try one(And(), isLastRow, rows(Eq(), columnsOf: a))
    let reciprocal = try div(full(1, like: partial), partial)
    let upper = try select(corner, overMatrices(reciprocal, like: a), lu)
    let scaled = try mul(x, overMatrices(determinant, like: a))
    let side = try select(isLastRow, x, scaled)
    let y = try one(TriangularSolve(isLeft: true, isLower: false), upper, side)
    let rank = type.rank
    let isFinite = try one(ReduceAnd([rank - 2, rank - 1]), one(IsFinite(), y))
    return try select(overMatrices(isFinite, like: a), y, zeros(type))
  }
}
