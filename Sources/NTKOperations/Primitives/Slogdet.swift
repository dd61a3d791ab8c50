import Glibc
import NTKProgram
import NTKRuntime

/// Sign and logarithm of the absolute value of determinants; 0 and -inf of a singular matrix.
public struct Slogdet: MatrixOperation {
  public static let name = "slogdet"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands, isSquare: true)
    return [try type.replacingMatrix([]), try type.replacingMatrix([])]
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
    var sign: T = 1
    var logarithm = 0.0
    forEachPivot(operands[0], types[0].matrix.rows, workspace) { pivot, isExchanged in
      if isExchanged { sign = -sign }
      if pivot < 0 { sign = -sign }
      if pivot == 0 { sign = 0 }
      logarithm += log(Double(pivot.magnitude))
    }
    results[0].assumingMemoryBound(to: T.self).pointee = sign
    results[1].assumingMemoryBound(to: T.self).pointee = sign == 0 ? -.infinity : T(logarithm)
  }

  func evaluateEmpty(_ results: [ArrayReference]) {
    writeOnes(results[0])
    results[1].data.initializeMemory(
      as: UInt8.self, repeating: 0,
      count: results[1].elementCount * results[1].elementType.byteCount)
  }

  // d log|det A| = tr(A⁻¹ dA)
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil, nil] }
    let identity = try b.identity(like: operands[0])
    let gradient = try b.one(LinearSolve(isTransposed: true), operands[0], identity)
    let product = try b.mul(tangent, gradient)
    let rank = b.shape(of: tangent).rank
    return [nil, try b.sum(product, axes: [rank - 2, rank - 1])]
  }
}

/// The diagonal of U in P A = L U, and whether the step exchanged rows.
func forEachPivot<T: LAPACKReal>(
  _ a: UnsafePointer<T>, _ n: Int, _ workspace: MatrixWorkspace<T>, _ body: (T, Bool) -> Void
) {
  workspace.copy.update(from: a, count: n * n)
  MatrixFactorization<T>.lu(
    workspace.copy, n, n, pivots: workspace.integers, permutation: nil, copy: workspace.work)
  for step in 0..<n {
    body(workspace.copy[step * n + step], workspace.integers[step] != Int32(step))
  }
}

/// Writes 1 everywhere.
func writeOnes(_ result: ArrayReference) {
  if result.elementType == .f32 {
    result.data.initializeMemory(as: Float.self, repeating: 1, count: result.elementCount)
  } else {
    result.data.initializeMemory(as: Double.self, repeating: 1, count: result.elementCount)
  }
}
