import CVectorLoops

/// The loops over large arrays, cut over the thread pool.
public enum VectorLoops {
  /// Bytes that a thread copies at least; waking one takes as long as copying some tens of KiB.
  private static let copyGrain = 1 << 18

  /// Copy an array between two layouts; strides in bytes, one for each size.
  ///
  /// `out`'s items overlap neither one another nor `input`'s. Ranks above `NTK_COPY_MAX_RANK` and
  /// lists of unequal lengths copy nothing.
  public static func copy(
    to out: UnsafeMutableRawPointer, strides outStrides: [Int], from input: UnsafeRawPointer,
    strides inStrides: [Int], sizes: [Int], itemSize: Int
  ) {
    guard outStrides.count == sizes.count, inStrides.count == sizes.count else { return }
    let rank = Int32(clamping: sizes.count)
    func copyWhole(_ out: UnsafeMutableRawPointer, _ input: UnsafeRawPointer, _ sizes: [Int]) {
      ntk_copy(out, outStrides, input, inStrides, sizes, rank, itemSize)
    }
    var byteCount = itemSize
    for size in sizes { byteCount = byteCount.multipliedReportingOverflow(by: size).partialValue }
    guard byteCount >= 2 * copyGrain,
      let axis = sizes.indices.max(by: { magnitude($0) < magnitude($1) })
    else {
      copyWhole(out, input, sizes)
      return
    }
    // The longest steps of out are split, so that threads write far from one another.
    func magnitude(_ axis: Int) -> UInt { sizes[axis] > 1 ? outStrides[axis].magnitude : 0 }
    let slice = max(byteCount / sizes[axis], 1)
    ThreadPool.forEachRange(sizes[axis], grain: max(copyGrain / slice, 16)) { range in
      var piece = sizes
      piece[axis] = range.count
      copyWhole(
        out + range.lowerBound &* outStrides[axis], input + range.lowerBound &* inStrides[axis],
        piece)
    }
  }

  /// Repeat one item.
  public static func fill(
    _ out: UnsafeMutableRawPointer, with item: UnsafeRawPointer, itemSize: Int, count: Int
  ) {
    let grain = max(copyGrain / max(itemSize, 1), 1)
    ThreadPool.forEachRange(count, grain: grain) { range in
      ntk_fill(out + range.lowerBound &* itemSize, item, itemSize, range.count)
    }
  }
}
