import Glibc

/// LAPACK's factorizations of one row-major matrix, for a batch of them.
///
/// No size below 1 and none above Int32 reaches LAPACK, nor a workspace of another size than it
/// asks for: it prints about wrong arguments. A matrix that has no factorization gives NaN; so does
/// one that is not finite where LAPACK would not end.
public struct MatrixFactorization<T: LAPACKReal> {
  public typealias Matrix = UnsafeMutablePointer<T>

  public init() {}

  // MARK: Batches

  /// Calls `body` with each matrix of a batch and the scratch memory of its slot. Slots follow from
  /// the sizes alone, whatever the number of threads.
  ///
  /// - Parameter work: about the operations on one matrix.
  public static func forEach(
    _ count: Int, work: Double, scratch: UnsafeMutableRawPointer?, slotByteCount: Int,
    _ body: (Int, UnsafeMutableRawPointer?) -> Void
  ) {
    guard count > 0 else { return }
    BLASGate.shared.enter()
    defer { BLASGate.shared.leave() }
    let slots = slotCount(count, work: work)
    let perSlot = (count - 1) / slots + 1
    nonisolated(unsafe) let scratch = scratch
    ThreadPool.forEach(slots) { slot in
      let own = scratch.map { $0 + slot * slotByteCount }
      for index in (slot * perSlot)..<max(slot * perSlot, min(count, (slot + 1) * perSlot)) {
        body(index, own)
      }
    }
  }

  /// The number of slots that a batch is cut into.
  public static func slotCount(_ count: Int, work: Double) -> Int {
    let least = 100_000 / max(work, 1)
    return max(1, min(count, 16, Int(Double(count) / max(least, 1))))
  }

  // MARK: Factorizations

  /// The lower triangle L of A = L Lᵀ, in place, of a symmetric A whose lower triangle is read.
  public static func cholesky(_ a: Matrix, _ n: Int) {
    // The lower triangle of rows is the upper triangle of columns.
    var info: Int32 = 0
    BLASGate.shared.call { info = T.potrf(upper, Int32(n), a, Int32(n)) }
    let isFactored = info == 0 && (0..<n).allSatisfy { a[$0 * n + $0].isFinite }
    guard isFactored else {
      fill(a, n * n, .nan)
      return
    }
    for row in 0..<n { fill(a + row * n + row + 1, n - row - 1, 0) }
  }

  /// P A = L U with partial pivoting, in place; the pivots of each step and the order of the rows.
  ///
  /// - Parameter copy: memory for m · n numbers.
  public static func lu(
    _ a: Matrix, _ m: Int, _ n: Int, pivots: UnsafeMutablePointer<Int32>,
    permutation: UnsafeMutablePointer<Int32>?, copy: Matrix
  ) {
    let count = min(m, n)
    if isFinite(a, m * n) {
      transpose(a, m, n, to: copy)
      BLASGate.shared.call { _ = T.getrf(Int32(m), Int32(n), copy, pivots) }
      transpose(copy, n, m, to: a)
      for step in 0..<count {
        pivots[step] = min(max(pivots[step] - 1, Int32(step)), Int32(m - 1))
      }
    } else {
      eliminate(a, m, n, pivots)
    }
    guard let permutation else { return }
    for row in 0..<m { permutation[row] = Int32(row) }
    for step in 0..<count { swap(&permutation[step], &permutation[Int(pivots[step])]) }
  }

  /// Elimination as the textbook has it. With NaN among its numbers the search for a pivot of an
  /// optimized BLAS may leave the column.
  private static func eliminate(
    _ a: Matrix, _ m: Int, _ n: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) {
    for step in 0..<min(m, n) {
      var pivot = step
      for row in (step + 1)..<max(m, step + 1)
      where a[row * n + step].magnitude > a[pivot * n + step].magnitude { pivot = row }
      pivots[step] = Int32(pivot)
      if pivot != step {
        for column in 0..<n { swap(&a[step * n + column], &a[pivot * n + column]) }
      }
      guard a[step * n + step] != 0 else { continue }
      for row in (step + 1)..<max(m, step + 1) {
        let factor = a[row * n + step] / a[step * n + step]
        a[row * n + step] = factor
        for column in (step + 1)..<max(n, step + 1) {
          a[row * n + column] -= factor * a[step * n + column]
        }
      }
    }
  }

  /// A = Q R of an m x n matrix: Q has `columns` columns, R as many rows.
  public static func qr(
    _ a: UnsafePointer<T>, _ m: Int, _ n: Int, q: Matrix, r: Matrix, columns: Int,
    workspace: MatrixWorkspace<T>
  ) {
    let rank = min(m, n)
    let (work, copy) = (workspace.work, workspace.copy)
    transpose(a, m, n, to: copy)
    let tau = work
    let (rest, restCount) = (work + rank, Int32(workspace.size.workCount - rank))
    BLASGate.shared.call { _ = T.geqrf(Int32(m), Int32(n), copy, tau, rest, restCount) }
    for row in 0..<columns {
      for column in 0..<n { r[row * n + column] = column < row ? 0 : copy[column * m + row] }
    }
    for index in (m * rank)..<max(m * columns, m * rank) { copy[index] = 0 }
    BLASGate.shared.call {
      _ = T.orgqr(Int32(m), Int32(columns), Int32(rank), copy, tau, rest, restCount)
    }
    transpose(copy, columns, m, to: q)
  }

  /// Eigenvalues in ascending order, and eigenvectors as the columns of `vectors`, of a symmetric
  /// matrix of which one triangle is read.
  public static func eigh(
    _ a: UnsafePointer<T>, _ n: Int, isLower: Bool, vectors: Matrix, values: Matrix,
    workspace: MatrixWorkspace<T>
  ) {
    let copy = workspace.copy
    var info: Int32 = 1
    transpose(a, n, n, to: copy)
    if isFinite(copy, n * n) {
      BLASGate.shared.call {
        info = T.syevd(
          vectorsToo, isLower ? lower : upper, Int32(n), copy, values, workspace.work,
          Int32(workspace.size.workCount), workspace.integers, Int32(workspace.size.integerCount))
      }
    }
    guard info == 0 else {
      fill(vectors, n * n, .nan)
      fill(values, n, .nan)
      return
    }
    transpose(copy, n, n, to: vectors)
  }

  /// Singular values in descending order; with `u` and `vt`, singular vectors as columns and rows.
  public static func svd(
    _ a: UnsafePointer<T>, _ m: Int, _ n: Int, values: Matrix, vectors: (u: Matrix, vt: Matrix)?,
    isFull: Bool, workspace: MatrixWorkspace<T>
  ) {
    let rank = min(m, n)
    let (columns, rows) = isFull ? (m, n) : (rank, rank)
    let copy = workspace.copy
    transpose(a, m, n, to: copy)
    let (u, vt) = (copy + m * n, copy + m * n + (vectors == nil ? 0 : m * columns))
    var info: Int32 = 1
    if isFinite(copy, m * n) {
      let job = vectors == nil ? valuesOnly : isFull ? all : reduced
      BLASGate.shared.call {
        info = T.gesdd(
          job, Int32(m), Int32(n), copy, values, u, Int32(m), vt, Int32(rows), workspace.work,
          Int32(workspace.size.workCount), workspace.integers)
      }
    }
    guard info == 0 else {
      fill(values, rank, .nan)
      if let vectors {
        fill(vectors.u, m * columns, .nan)
        fill(vectors.vt, rows * n, .nan)
      }
      return
    }
    if let vectors {
      transpose(u, columns, m, to: vectors.u)
      transpose(vt, n, rows, to: vectors.vt)
    }
  }

  /// The pseudo-inverse (n x m): singular values up to `cutoff` times the greatest count as 0.
  public static func pseudoInverse(
    _ a: UnsafePointer<T>, _ m: Int, _ n: Int, cutoff: T, result: Matrix,
    workspace: MatrixWorkspace<T>
  ) {
    let rank = min(m, n)
    let values = workspace.copy + m * n + rank * (m + n)
    let (u, vt) = (values + rank, values + rank + m * rank)
    svd(a, m, n, values: values, vectors: (u, vt), isFull: false, workspace: workspace)
    guard values[0].isFinite else {
      fill(result, m * n, .nan)
      return
    }
    let least = cutoff * values[0]
    for index in 0..<rank {
      let factor = values[index] > least ? 1 / values[index] : 0
      for column in 0..<n { vt[index * n + column] *= factor }
    }
    BLASGate.shared.call {
      T.gemmOfTransposes(
        Int32(n), Int32(m), Int32(rank), vt, Int32(n), u, Int32(rank), result)
    }
  }

  /// X of op(A) X = B, or of X op(A) = B, in place of B (m x n).
  public static func triangularSolve(
    _ a: UnsafePointer<T>, _ b: Matrix, _ m: Int, _ n: Int, isLeft: Bool, isLower: Bool,
    isTransposed: Bool, isUnit: Bool
  ) {
    let size = isLeft ? m : n
    BLASGate.shared.call {
      T.trsm(
        isLeft: isLeft, isLower: isLower, isTransposed: isTransposed, isUnit: isUnit, Int32(m),
        Int32(n), a, Int32(size), b, Int32(n))
    }
  }

  /// X of A X = B, or of Aᵀ X = B, in place of B (n x k), from P A = L U.
  ///
  /// - Parameter copy: memory for n · k numbers.
  public static func solve(
    lu: UnsafePointer<T>, permutation: UnsafePointer<Int32>, _ n: Int, _ b: Matrix, _ k: Int,
    isTransposed: Bool, copy: Matrix
  ) {
    func rows(_ body: (_ factored: Int, _ original: Int) -> Void) {
      for row in 0..<n { body(row, Int(permutation[row])) }
    }
    func triangle(isLower: Bool) {
      triangularSolve(
        lu, isTransposed ? copy : b, n, k, isLeft: true, isLower: isLower,
        isTransposed: isTransposed, isUnit: isLower)
    }
    if isTransposed {
      copy.update(from: b, count: n * k)
      triangle(isLower: false)
      triangle(isLower: true)
      rows { (b + $1 * k).update(from: copy + $0 * k, count: k) }
    } else {
      copy.update(from: b, count: n * k)
      rows { (b + $0 * k).update(from: copy + $1 * k, count: k) }
      triangle(isLower: true)
      triangle(isLower: false)
    }
  }

  // MARK: Parts

  private static var upper: CChar { CChar(UInt8(ascii: "U")) }
  private static var lower: CChar { CChar(UInt8(ascii: "L")) }
  private static var vectorsToo: CChar { CChar(UInt8(ascii: "V")) }
  private static var valuesOnly: CChar { CChar(UInt8(ascii: "N")) }
  private static var reduced: CChar { CChar(UInt8(ascii: "S")) }
  private static var all: CChar { CChar(UInt8(ascii: "A")) }

  private static func fill(_ a: Matrix, _ count: Int, _ value: T) {
    for index in 0..<max(count, 0) { a[index] = value }
  }

  private static func isFinite(_ a: UnsafePointer<T>, _ count: Int) -> Bool {
    // 0 · x is 0 only of a finite x.
    var sum: T = 0
    for index in 0..<count { sum += 0 * a[index] }
    return sum == 0
  }

  /// Rows of an m x n matrix become columns, in blocks that stay in the cache.
  private static func transpose(_ a: UnsafePointer<T>, _ m: Int, _ n: Int, to b: Matrix) {
    let block = 32
    for top in stride(from: 0, to: m, by: block) {
      for left in stride(from: 0, to: n, by: block) {
        for row in top..<min(top + block, m) {
          for column in left..<min(left + block, n) { b[column * m + row] = a[row * n + column] }
        }
      }
    }
  }
}
