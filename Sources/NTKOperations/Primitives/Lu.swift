import NTKProgram
import NTKRuntime

/// P A = L U with partial pivoting: L (its diagonal of ones left out) and U in one matrix, the row
/// that each step exchanged with its own, and the rows' order, of which P is the matrix.
public struct Lu: MatrixOperation {
  public static let name = "lu"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    let type = try expectMatrices(operands)
    let (m, n) = type.matrix
    guard m <= Int(Int32.max) else {
      throw .shape("operand 0", expected: "at most \(Int32.max) rows", got: type.shape)
    }
    return [
      type, try type.replacingMatrix([min(m, n)], .i32), try type.replacingMatrix([m], .i32),
    ]
  }

  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize {
    let (m, n) = operands[0].matrix
    return .qr(m, n, columns: 0)
  }

  func work(_ operands: [ValueType]) -> Double {
    let (m, n) = operands[0].matrix
    return Double(m) * Double(n) * Double(min(m, n))
  }

  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>
  ) {
    let (m, n) = types[0].matrix
    let result = results[0].assumingMemoryBound(to: T.self)
    result.update(from: operands[0], count: m * n)
    MatrixFactorization<T>.lu(
      result, m, n, pivots: results[1].assumingMemoryBound(to: Int32.self),
      permutation: results[2].assumingMemoryBound(to: Int32.self), copy: workspace.copy)
  }

  func evaluateEmpty(_ results: [ArrayReference]) {
    let permutation = results[2].data.assumingMemoryBound(to: Int32.self)
    let rows = max(results[2].sizes.last ?? 1, 1)
    for index in 0..<results[2].elementCount { permutation[index] = Int32(index % rows) }
  }

  // L⁻¹ P dA U⁻¹ = L⁻¹ dL + dU U⁻¹, of which one is strictly lower, the other upper triangular. Both
  // factors are made square by the identity.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil, nil, nil] }
    let (m, n) = b.type(of: tangent).matrix
    let rank = min(m, n)
    let change = try b.rows(of: tangent, permuted: results[2])
    let left = try b.block(results[0], rows: 0..<m, columns: 0..<rank)
    let below = try b.lowerTriangle(left, strict: true)
    let lower = try b.padded(below, rows: m, columns: m)
    let top = try b.block(results[0], rows: 0..<rank, columns: 0..<n)
    let above = try b.upperTriangle(top)
    var upper = try b.padded(above, rows: n, columns: n)
    if n > rank {
      let made = try b.rows(from: rank, like: upper)
      let identity = try b.identity(like: upper)
      upper = try b.select(made, identity, upper)
    }
    let x = try b.one(TriangularSolve(isLeft: true, isLower: true, isUnit: true), lower, change)
    let both = try b.one(TriangularSolve(isLeft: false, isLower: false), upper, x)
    let strictly = try b.lowerTriangle(both, strict: true)
    let rest = try b.upperTriangle(both)
    let lowerChange = try b.add(b.matrixProduct(lower, strictly), strictly)
    let upperChange = try b.matrixProduct(rest, upper)
    return [try b.add(lowerChange, upperChange), nil, nil]
  }
}

extension ProgramBuilder {
  /// The rows of matrices in another order.
  mutating func rows(of matrices: Value, permuted order: Value) throws(NTKError) -> Value {
    let type = self.type(of: matrices)
    let batch = Array(0..<(type.rank - 2))
    var numbers = IndexNumbers()
    numbers.windowDims = [type.rank - 1]
    numbers.insertedDims = [type.rank - 2]
    numbers.indexMap = [type.rank - 2]
    numbers.operandBatching = batch
    numbers.indicesBatching = batch
    let sizes = [Int](repeating: 1, count: type.rank - 1) + [type.matrix.columns]
    let vectors = try reshape(order, to: shape(of: order).inserting(1, at: type.rank - 1))
    return try one(Gather(numbers, sliceSizes: sizes, mode: .fill), matrices, vectors)
  }
}
