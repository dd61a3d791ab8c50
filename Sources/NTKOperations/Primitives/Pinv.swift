import NTKProgram
import NTKRuntime

/// The pseudo-inverse of the first operand's matrices; singular values up to the second operand
/// (one number for each) times the greatest count as 0, and NaN where there are none.
public struct Pinv: MatrixOperation {
  public static let name = "pinv"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    _ = try expectFloats(operands.map(\.elementType))
    try expectMatrix(operands[0], 0)
    let cutoff = try operands[0].replacingMatrix([])
    guard operands[1] == cutoff else {
      throw .shape("operand 1", expected: "\(cutoff.shape)", got: operands[1].shape)
    }
    return [try operands[0].replacingMatrix([operands[0].matrix.columns, operands[0].matrix.rows])]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    .pseudoInverse(operands[0].matrix.rows, operands[0].matrix.columns)
  }

  func work(_ operands: [ValueType]) -> Double {
    let (m, n) = operands[0].matrix
    return 20 * Double(m) * Double(n) * Double(min(m, n))
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (m, n) = types[0].matrix
    MatrixFactorization<T>.pseudoInverse(
      operands[0], m, n, cutoff: operands[1].pointee,
      result: results[0].assumingMemoryBound(to: T.self), workspace: workspace)
  }

  // dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P, at constant rank.
  // Golub and Pereyra, The differentiation of pseudo-inverses, SIAM J. Numer. Anal. 10 (1973).
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let (a, p) = (operands[0], results[0])
    let (m, n) = b.type(of: a).matrix
    let pt = try b.matrixTranspose(p)
    let turned = try b.matrixTranspose(tangent)
    var sum = try b.neg(b.matrixProduct(p, b.matrixProduct(tangent, p)))
    if m > 0, n > 0 {
      let ap = try b.matrixProduct(a, p)
      let left = try b.sub(b.identity(like: ap), ap)
      let outer = try b.matrixProduct(b.matrixProduct(p, pt), b.matrixProduct(turned, left))
      let pa = try b.matrixProduct(p, a)
      let right = try b.sub(b.identity(like: pa), pa)
      let inner = try b.matrixProduct(b.matrixProduct(right, turned), b.matrixProduct(pt, p))
      sum = try b.add(sum, b.add(outer, inner))
    }
    return [sum]
  }
}
