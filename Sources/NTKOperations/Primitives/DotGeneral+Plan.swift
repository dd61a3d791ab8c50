import NTKProgram
import NTKRuntime

/// How a general product runs as matrix products: operands whose strides BLAS can follow are used
/// where they stand, transposed or not; others are packed first.
struct ProductPlan {
  private struct Side {
    /// Strides of the stack, the outer matrix axis and the inner one, in elements.
    var batch: [Int]
    var operand: MatrixProduct.Operand
    /// Bytes of the packed copy; 0 if the operand is used where it stands.
    var packedByteCount: Int
    /// The order in which a packed copy has the axes.
    var order: [Int]
    var batchStride: Int
  }

  private let elementType: ElementType
  private let rows: Int
  private let columns: Int
  private let inner: Int
  private let batchSizes: [Int]
  private let sides: [Side]

  init(_ product: DotGeneral, _ layouts: [Layout], _ elementType: ElementType) {
    self.elementType = elementType
    let left = product.groups(0, rank: layouts[0].sizes.count)
    let right = product.groups(1, rank: layouts[1].sizes.count)
    func count(_ axes: [Int], _ layout: Layout) -> Int { axes.reduce(1) { $0 * layout.sizes[$1] } }
    rows = count(left.rest, layouts[0])
    columns = count(right.rest, layouts[1])
    inner = count(left.contracting, layouts[0])
    batchSizes = left.batch.map { layouts[0].sizes[$0] }
    sides = [
      ProductPlan.side(
        layouts[0], batch: left.batch, outer: left.rest, inner: left.contracting, elementType),
      ProductPlan.side(
        layouts[1], batch: right.batch, outer: right.contracting, inner: right.rest, elementType),
    ]
  }

  private static func side(
    _ layout: Layout, batch: [Int], outer: [Int], inner: [Int], _ elementType: ElementType
  ) -> Side {
    let rows = outer.reduce(1) { $0 * layout.sizes[$1] }
    let columns = inner.reduce(1) { $0 * layout.sizes[$1] }
    if let outerStride = merged(layout, outer), let innerStride = merged(layout, inner),
      let operand = matrix(
        rows: rows, columns: columns, outerStride: outerStride, innerStride: innerStride)
    {
      // One stride for the whole stack, or none: then each matrix is a product of its own.
      let stride = merged(layout, batch)
      return Side(
        batch: batch.map { layout.strides[$0] },
        operand: MatrixProduct.Operand(
          leadingDimension: operand.leading, batchStride: stride ?? 0,
          isTransposed: operand.isTransposed),
        packedByteCount: 0, order: [], batchStride: stride ?? -1)
    }
    let order = batch + outer + inner
    let sizes = order.map { layout.sizes[$0] }
    let byteCount = sizes.reduce(elementType.byteCount, *)
    var strides = [Int](repeating: rows * columns, count: batch.count)
    for axis in batch.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * layout.sizes[batch[axis + 1]]
    }
    return Side(
      batch: strides,
      operand: MatrixProduct.Operand(
        leadingDimension: max(columns, 1), batchStride: rows * columns, isTransposed: false),
      packedByteCount: (byteCount + 63) / 64 * 64, order: order, batchStride: rows * columns)
  }

  /// The stride of several axes taken as one; nil if they do not merge.
  private static func merged(_ layout: Layout, _ axes: [Int]) -> Int? {
    var stride: Int?
    var expected = 0
    for axis in axes.reversed() where layout.sizes[axis] != 1 {
      if stride == nil {
        stride = layout.strides[axis]
        expected = layout.strides[axis] * layout.sizes[axis]
      } else {
        guard layout.strides[axis] == expected else { return nil }
        expected *= layout.sizes[axis]
      }
    }
    return stride ?? 0
  }

  private static func matrix(
    rows: Int, columns: Int, outerStride: Int, innerStride: Int
  ) -> (leading: Int, isTransposed: Bool)? {
    if columns == 1 || innerStride == 1 {
      let leading = rows == 1 ? max(columns, 1) : outerStride
      if leading >= max(columns, 1) { return (leading, false) }
    }
    if rows == 1 || outerStride == 1 {
      let leading = columns == 1 ? max(rows, 1) : innerStride
      if leading >= max(rows, 1) { return (leading, true) }
    }
    return nil
  }

  /// Whether one call can take the whole stack.
  private var isOneStack: Bool { sides.allSatisfy { $0.batchStride >= 0 } }

  private var matrixProduct: MatrixProduct? {
    MatrixProduct(
      elementType.loop, rows: rows, columns: columns, inner: inner,
      batch: isOneStack ? batchSizes.reduce(1, *) : 1, left: sides[0].operand,
      right: sides[1].operand)
  }

  var scratchByteCount: Int { sides.reduce(0) { $0 + $1.packedByteCount } }

  func run(_ context: EvaluationContext) throws(NTKError) {
    let result = context.results[0]
    guard result.elementCount > 0 else { return }
    guard let product = matrixProduct else {
      throw .unsupported("dot_general of \(elementType.name) matrices of this size")
    }
    var pointers: [UnsafeRawPointer] = []
    var offset = 0
    for (side, operand) in zip(sides, context.operands) {
      guard side.packedByteCount > 0 else {
        pointers.append(UnsafeRawPointer(operand.data))
        continue
      }
      guard let scratch = context.scratch else {
        throw .invariant("dot_general was given no scratch memory")
      }
      let target = scratch + offset
      offset += side.packedByteCount
      copyStrided(
        from: operand.data,
        Layout(
          sizes: side.order.map { operand.sizes[$0] },
          strides: side.order.map { operand.strides[$0] }),
        to: target, itemSize: elementType.byteCount)
      pointers.append(UnsafeRawPointer(target))
    }
    if isOneStack {
      product.run(out: result.data, left: pointers[0], right: pointers[1])
      return
    }
    // Stacks of different strides, such as one matrix repeated along some of the batch axes.
    let size = elementType.byteCount
    nonisolated(unsafe) let (left, right, out) = (pointers[0], pointers[1], result.data)
    ThreadPool.forEach(batchSizes.reduce(1, *)) { index in
      var rest = index
      var offsets = [0, 0]
      for axis in batchSizes.indices.reversed() {
        let position = rest % batchSizes[axis]
        rest /= batchSizes[axis]
        for side in 0..<2 { offsets[side] += position * sides[side].batch[axis] }
      }
      product.run(
        out: out + index * rows * columns * size, left: left + offsets[0] * size,
        right: right + offsets[1] * size)
    }
  }
}
