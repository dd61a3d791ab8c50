import NTKProgram
import NTKRuntime

/// A = Q R: orthonormal columns and an upper triangle. Q is square if full, else it has as many
/// columns as A has rows or columns, whichever are fewer.
public struct Qr: MatrixOperation {
  public static let name = "qr"
  public private(set) var isFull = true

  public init() {}
  public init(isFull: Bool) { self.isFull = isFull }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("full_matrices", &isFull, default: true)
  }

  private func columns(_ m: Int, _ n: Int) -> Int { isFull ? m : min(m, n) }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands)
    let (m, n) = type.matrix
    return [
      try type.replacingMatrix([m, columns(m, n)]), try type.replacingMatrix([columns(m, n), n]),
    ]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    let (m, n) = operands[0].matrix
    return .qr(m, n, columns: columns(m, n))
  }

  func work(_ operands: [ValueType]) -> Double {
    let (m, n) = operands[0].matrix
    return 4 * Double(m) * Double(columns(m, n)) * Double(n)
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (m, n) = types[0].matrix
    MatrixFactorization<T>.qr(
      operands[0], m, n, q: results[0].assumingMemoryBound(to: T.self),
      r: results[1].assumingMemoryBound(to: T.self), columns: columns(m, n), workspace: workspace)
  }

  func evaluateEmpty(_ results: [ArrayReference]) { writeIdentity(results[0]) }

  // With W = dA R⁻¹ and the antisymmetric Ω of the strictly lower triangle of Qᵀ W:
  // dQ = Q (Ω - Qᵀ W) + W,  dR = (Qᵀ W - Ω) R.
  // Walter and Lehmann, arXiv:1001.1654.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil, nil] }
    let (m, n) = b.type(of: tangent).matrix
    guard m <= n || !isFull else {
      throw .unsupported(
        "the derivative of a full qr of \(m) x \(n) matrices is not defined; "
          + "full_matrices=false (mode='reduced') has one")
    }
    let q = results[0]
    var (r, change) = (results[1], tangent)
    if m < n {
      r = try b.block(r, rows: 0..<m, columns: 0..<m)
      change = try b.block(change, rows: 0..<m, columns: 0..<m)
    }
    let qt = try b.matrixTranspose(q)
    let w = try b.one(TriangularSolve(isLeft: false, isLower: false), r, change)
    let qtw = try b.matrixProduct(qt, w)
    let lower = try b.lowerTriangle(qtw, strict: true)
    let omega = try b.sub(lower, b.matrixTranspose(lower))
    let rest = try b.sub(qtw, omega)
    let dq = try b.sub(w, b.matrixProduct(q, rest))
    let dr = try b.matrixProduct(rest, r)
    guard m < n else { return [dq, dr] }
    // What stands to the right of the square is Qᵀ times it.
    let right = try b.block(operands[0], rows: 0..<m, columns: m..<n)
    let dRight = try b.block(tangent, rows: 0..<m, columns: m..<n)
    let turned = try b.matrixProduct(b.matrixTranspose(dq), right)
    let moved = try b.matrixProduct(qt, dRight)
    let rank = b.shape(of: tangent).rank
    return [dq, try b.one(Concatenate(rank - 1), dr, b.add(turned, moved))]
  }
}

/// Writes identity matrices.
func writeIdentity(_ result: ArrayReference) {
  let sizes = result.sizes.suffix(2)
  guard result.elementCount > 0, let rows = sizes.first, let columns = sizes.last else { return }
  func write<T: BinaryFloatingPoint>(_: T.Type) {
    let elements = result.data.assumingMemoryBound(to: T.self)
    for index in 0..<result.elementCount {
      let place = index % (rows * columns)
      elements[index] = place / columns == place % columns ? 1 : 0
    }
  }
  if result.elementType == .f32 { write(Float.self) } else { write(Double.self) }
}
