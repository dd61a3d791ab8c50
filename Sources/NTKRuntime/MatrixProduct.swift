import CVectorLoops

/// A batch of matrix products, `out[b] (+)= left[b] right[b]`, with its layout.
///
/// The work is cut by the sizes alone, so that results are the same bits for any thread count.
/// Integers wrap around.
public struct MatrixProduct: Hashable, Sendable {
  /// A row-major matrix in memory, in elements.
  public struct Operand: Hashable, Sendable {
    /// From one row in memory to the next.
    public var leadingDimension: Int
    public var batchStride: Int
    /// The memory holds the transpose of the matrix.
    public var isTransposed: Bool

    public init(leadingDimension: Int, batchStride: Int = 0, isTransposed: Bool = false) {
      self.leadingDimension = leadingDimension
      self.batchStride = batchStride
      self.isTransposed = isTransposed
    }

    /// From one row of the matrix to the next, and from one column to the next.
    var rowStride: Int { isTransposed ? 1 : leadingDimension }
    var columnStride: Int { isTransposed ? leadingDimension : 1 }
  }

  public let type: ntk_loop_type
  public let rows: Int
  public let columns: Int
  public let inner: Int
  public let batch: Int
  public let left: Operand
  public let right: Operand
  public let out: Operand
  public let accumulates: Bool

  let itemSize: Int
  let tiling: ProductTiling

  /// The product of [rows, inner] and [inner, columns] matrices.
  ///
  /// Operands that are not given are contiguous, batches included. nil for bool, a size that is
  /// negative or above 2⁴⁸, a leading dimension less than the row that it steps over, or a
  /// transposed `out`.
  public init?(
    _ type: ntk_loop_type, rows: Int, columns: Int, inner: Int, batch: Int = 1,
    left: Operand? = nil, right: Operand? = nil, out: Operand? = nil, accumulates: Bool = false
  ) {
    guard ntk_find_product_loop(type) != nil else { return nil }
    let sizes = 0...(1 << 48)
    guard sizes.contains(rows), sizes.contains(columns), sizes.contains(inner),
      sizes.contains(batch)
    else { return nil }
    self.type = type
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.batch = batch
    self.accumulates = accumulates
    self.left = left ?? Operand(leadingDimension: inner, batchStride: rows &* inner)
    self.right = right ?? Operand(leadingDimension: columns, batchStride: inner &* columns)
    self.out = out ?? Operand(leadingDimension: columns, batchStride: rows &* columns)
    itemSize = Int(ntk_loop_item_size(type))
    tiling = ProductTiling(rows: rows, columns: columns, inner: inner, batch: batch)
    guard !self.out.isTransposed, self.out.leadingDimension >= columns,
      self.left.leadingDimension >= (self.left.isTransposed ? rows : inner),
      self.right.leadingDimension >= (self.right.isTransposed ? inner : columns)
    else { return nil }
  }

  /// What `run` allocates for itself: the partial sums of products that are deep and small. Less
  /// than 1/16 of its operands.
  public var workspaceByteCount: Int {
    (tiling.depthParts - 1) &* batch &* rows &* columns &* itemSize
  }

  /// Compute. The memory is as the operands say; `out` overlaps neither of the others.
  public func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer
  ) {
    guard rows > 0, columns > 0, batch > 0, inner > 0 || !accumulates else { return }
    let usesBLAS = self.usesBLAS
    if usesBLAS { BLASGate.shared.enter() }
    defer { if usesBLAS { BLASGate.shared.leave() } }
    let operands = (left: left, right: right)
    guard tiling.depthParts > 1 else {
      ThreadPool.forEach(tiling.count) { index in
        compute(tiling.tile(index), operands, out, self.out, accumulates, usesBLAS)
      }
      return
    }
    guard let partials = AlignedStorage(byteCount: workspaceByteCount) else {
      // Rounded differently, but a product where there is no memory for partial sums.
      let whole = ProductTile(
        batch: 0..<batch, rows: 0..<rows, columns: 0..<columns, inner: 0..<inner, part: 0)
      compute(whole, operands, out, self.out, accumulates, usesBLAS)
      return
    }
    let layout = Operand(leadingDimension: columns, batchStride: rows &* columns)
    let partByteCount = batch &* rows &* columns &* itemSize
    ThreadPool.forEach(tiling.count) { index in
      let tile = tiling.tile(index)
      if tile.part == 0 {
        compute(tile, operands, out, self.out, accumulates, usesBLAS)
      } else {
        let partial = partials.baseAddress + (tile.part - 1) &* partByteCount
        compute(tile, operands, partial, layout, false, usesBLAS)
      }
    }
    addPartials(partials, to: out)
  }

  /// Add the partial sums to `out`, always in the same order.
  private func addPartials(_ partials: AlignedStorage, to out: UnsafeMutableRawPointer) {
    guard let add = ntk_find_binary_loop(NTK_LOOP_ADD, type) else { return }
    let lines = batch &* rows
    ThreadPool.forEachRange(lines, grain: 16_384 / columns + 1) { range in
      for part in 0..<(tiling.depthParts - 1) {
        for line in range {
          let (item, row) = line.quotientAndRemainder(dividingBy: rows)
          let offset = item &* self.out.batchStride &+ row &* self.out.leadingDimension
          let to = out + offset &* itemSize
          let from = partials.baseAddress + (part &* lines &+ line) &* columns &* itemSize
          add(to, to, from, columns)
        }
      }
    }
  }
}
