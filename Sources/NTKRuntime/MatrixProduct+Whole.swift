extension MatrixProduct {
  /// Compute a single product in the calling thread, without cutting it: for a caller that cuts its
  /// work itself.
  func runWhole(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer
  ) {
    guard rows > 0, columns > 0, batch > 0, inner > 0 || !accumulates else { return }
    let usesBLAS = self.usesBLAS
    if usesBLAS { BLASGate.shared.enter() }
    defer { if usesBLAS { BLASGate.shared.leave() } }
    let whole = ProductTile(
      batch: 0..<batch, rows: 0..<rows, columns: 0..<columns, inner: 0..<inner, part: 0)
    compute(whole, (left: left, right: right), out, self.out, accumulates, usesBLAS)
  }
}
