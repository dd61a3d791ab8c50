import COpenBLAS
import CVectorLoops

extension MatrixProduct {
  /// Whether tiles go to BLAS: floats of some size that BLAS's 32-bit integers can describe.
  ///
  /// A call of BLAS costs as much as some hundreds of multiplications, and it has nothing to reuse
  /// in a product of depth 1 or 2.
  var usesBLAS: Bool {
    guard type == NTK_LOOP_F32 || type == NTK_LOOP_F64, inner > 2 else { return false }
    guard Double(rows) * Double(columns) * Double(inner) >= 512 else { return false }
    let largest = Int(Int32.max)
    return left.leadingDimension <= largest && right.leadingDimension <= largest
      && out.leadingDimension <= largest
  }

  /// Compute a tile of each product of its batch into `out`, which has the given layout.
  func compute(
    _ tile: ProductTile, _ operands: (left: UnsafeRawPointer, right: UnsafeRawPointer),
    _ out: UnsafeMutableRawPointer, _ layout: Operand, _ accumulates: Bool, _ usesBLAS: Bool
  ) {
    let batch = tile.batch.lowerBound
    let row = tile.rows.lowerBound
    let column = tile.columns.lowerBound
    let depth = tile.inner.lowerBound
    let leftOffset =
      batch &* left.batchStride &+ row &* left.rowStride &+ depth &* left.columnStride
    let rightOffset =
      batch &* right.batchStride &+ depth &* right.rowStride &+ column &* right.columnStride
    let outOffset =
      batch &* layout.batchStride &+ row &* layout.leadingDimension &+ column
    let leftStart = operands.left + leftOffset &* itemSize
    let rightStart = operands.right + rightOffset &* itemSize
    let outStart = out + outOffset &* itemSize
    guard usesBLAS else {
      var product = ntk_product(
        rows: tile.rows.count, columns: tile.columns.count, inner: tile.inner.count,
        batch: tile.batch.count,
        a_row: left.rowStride, a_inner: left.columnStride, a_batch: left.batchStride,
        b_inner: right.rowStride, b_column: right.columnStride, b_batch: right.batchStride,
        out_row: layout.leadingDimension, out_batch: layout.batchStride,
        accumulates: accumulates)
      ntk_find_product_loop(type)?(outStart, leftStart, rightStart, &product)
      return
    }
    // BLAS counts in 32 bits.
    let longest = 1 << 30
    for item in 0..<tile.batch.count {
      var start = 0
      while start < tile.inner.count {
        let length = min(tile.inner.count - start, longest)
        let a = leftStart + (item &* left.batchStride &+ start &* left.columnStride) &* itemSize
        let b = rightStart + (item &* right.batchStride &+ start &* right.rowStride) &* itemSize
        let c = outStart + item &* layout.batchStride &* itemSize
        BLASGate.shared.call {
          callBLAS(
            tile.rows.count, tile.columns.count, length, a, b, c, layout.leadingDimension,
            accumulates || start > 0)
        }
        start += length
      }
    }
  }

  @inline(__always)
  private func callBLAS(
    _ rows: Int, _ columns: Int, _ inner: Int, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ c: UnsafeMutableRawPointer, _ outLeading: Int, _ accumulates: Bool
  ) {
    let m = Int32(truncatingIfNeeded: rows)
    let n = Int32(truncatingIfNeeded: columns)
    let k = Int32(truncatingIfNeeded: inner)
    let lda = Int32(truncatingIfNeeded: left.leadingDimension)
    let ldb = Int32(truncatingIfNeeded: right.leadingDimension)
    let ldc = Int32(truncatingIfNeeded: outLeading)
    let transposeA = left.isTransposed ? CblasTrans : CblasNoTrans
    let transposeB = right.isTransposed ? CblasTrans : CblasNoTrans
    if type == NTK_LOOP_F32 {
      let (a, b) = (a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self))
      let c = c.assumingMemoryBound(to: Float.self)
      let beta: Float = accumulates ? 1 : 0
      if columns == 1 {
        cblas_sgemv(
          CblasRowMajor, transposeA, left.isTransposed ? k : m, left.isTransposed ? m : k, 1, a,
          lda, b, right.isTransposed ? 1 : ldb, beta, c, ldc)
      } else if rows == 1 {
        cblas_sgemv(
          CblasRowMajor, right.isTransposed ? CblasNoTrans : CblasTrans,
          right.isTransposed ? n : k, right.isTransposed ? k : n, 1, b, ldb, a,
          left.isTransposed ? lda : 1, beta, c, 1)
      } else {
        cblas_sgemm(
          CblasRowMajor, transposeA, transposeB, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
      }
    } else {
      let (a, b) = (a.assumingMemoryBound(to: Double.self), b.assumingMemoryBound(to: Double.self))
      let c = c.assumingMemoryBound(to: Double.self)
      let beta: Double = accumulates ? 1 : 0
      if columns == 1 {
        cblas_dgemv(
          CblasRowMajor, transposeA, left.isTransposed ? k : m, left.isTransposed ? m : k, 1, a,
          lda, b, right.isTransposed ? 1 : ldb, beta, c, ldc)
      } else if rows == 1 {
        cblas_dgemv(
          CblasRowMajor, right.isTransposed ? CblasNoTrans : CblasTrans,
          right.isTransposed ? n : k, right.isTransposed ? k : n, 1, b, ldb, a,
          left.isTransposed ? lda : 1, beta, c, 1)
      } else {
        cblas_dgemm(
          CblasRowMajor, transposeA, transposeB, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
      }
    }
  }
}
