import NTKProgram

/// Places buffers with known lifetimes in one block of memory: a buffer's bytes are free again once
/// its last step has run. Best fit over a list of free ranges.
struct ArenaPlanner {
  private struct Free {
    var offset: Int
    var size: Int
  }

  /// Sorted by offset; neighbours are merged.
  private var free: [Free] = []
  /// Bytes of the whole arena.
  private(set) var byteCount = 0

  static let alignment = 64

  static func rounded(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }

  /// Takes a range, growing the arena if no free one fits.
  /// - Throws: `.outOfMemory` if the arena is too large to address.
  mutating func allocate(_ size: Int) throws(NTKError) -> Int {
    let size = ArenaPlanner.rounded(size)
    guard byteCount <= Int.max / 4, size <= Int.max / 2 else {
      throw .outOfMemory(needed: [byteCount, size].saturatingSum(), limit: nil)
    }
    if size == 0 { return 0 }
    var best: Int?
    for index in free.indices where free[index].size >= size {
      if best.map({ free[index].size < free[$0].size }) ?? true { best = index }
    }
    if let best {
      let offset = free[best].offset
      free[best].offset += size
      free[best].size -= size
      if free[best].size == 0 { free.remove(at: best) }
      return offset
    }
    // The last free range may reach the end: grow it.
    if let last = free.last, last.offset + last.size == byteCount {
      free.removeLast()
      byteCount = last.offset + size
      return last.offset
    }
    byteCount += size
    return byteCount - size
  }

  /// Gives a range back.
  mutating func release(_ offset: Int, _ size: Int) {
    let size = ArenaPlanner.rounded(size)
    if size == 0 { return }
    var low = 0
    var high = free.count
    while low < high {
      let middle = (low + high) / 2
      if free[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    free.insert(Free(offset: offset, size: size), at: low)
    if low + 1 < free.count, free[low].offset + free[low].size == free[low + 1].offset {
      free[low].size += free[low + 1].size
      free.remove(at: low + 1)
    }
    if low > 0, free[low - 1].offset + free[low - 1].size == free[low].offset {
      free[low - 1].size += free[low].size
      free.remove(at: low)
    }
  }
}
