import NTKProgram
import NTKRuntime

/// The rows of row-major arrays of one shape along an axis, cut into pieces that have scratch memory
/// each. Pieces follow from the shape alone.
struct SortedRows {
  let length: Int
  let inner: Int
  let count: Int

  init(_ sizes: [Int], axis: Int) {
    length = sizes[axis]
    inner = sizes[(axis + 1)...].reduce(1, *)
    count = sizes[..<axis].reduce(1, *) * inner
  }

  private var grain: Int { max((count + 31) / 32, (1 << 12) / max(length, 1), 1) }

  private var pieceByteCount: Int { StableOrder.scratchByteCount(length) }

  var scratchByteCount: Int { length == 0 ? 0 : (count + grain - 1) / grain * pieceByteCount }

  /// Calls the body with the place of each row's first element, the step along it, its number, and
  /// memory for its items and as many more.
  func forEach(
    scratch: UnsafeMutableRawPointer,
    _ body: (
      _ start: Int, _ row: Int, _ items: UnsafeMutablePointer<StableOrder.Item>,
      _ more: UnsafeMutablePointer<StableOrder.Item>
    ) -> Void
  ) {
    nonisolated(unsafe) let scratch = scratch
    ThreadPool.forEachRange(count, grain: grain) { range in
      let memory = scratch + range.lowerBound / grain * pieceByteCount
      let items = memory.bindMemory(to: StableOrder.Item.self, capacity: 2 * length)
      for row in range {
        body(row / inner * length * inner + row % inner, row, items, items + length)
      }
    }
  }
}
