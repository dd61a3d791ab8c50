import CVectorLoops

/// Offsets and coordinates of indices of a window product, as the loops read them.
struct WindowTable {
  let offsets: UnsafeMutablePointer<Int>
  let coordinates: UnsafeMutablePointer<Int>
  let starts: UnsafeMutablePointer<Int>
  let lengths: UnsafeMutablePointer<Int>

  /// Bytes of a table of `count` items.
  static func byteCount(_ count: Int, axes: Int) -> Int {
    ((3 + axes) * count * MemoryLayout<Int>.stride + 63) / 64 * 64
  }

  init(_ memory: UnsafeMutableRawPointer, count: Int, axes: Int) {
    offsets = memory.assumingMemoryBound(to: Int.self)
    starts = offsets + count
    lengths = starts + count
    coordinates = lengths + count
  }

  /// All indices of a range, one by one: steps in the left array or, if `other`, the other one.
  func fill(
    _ indices: some BidirectionalCollection<WindowProblem.Index>, _ range: Range<Int>, axes: Int,
    offset: Int, origin: [Int], other: Bool = false
  ) {
    let list = Array(indices)
    let rank = list.count
    withUnsafeTemporaryAllocation(of: Int.self, capacity: max(rank, 1)) { position in
      var rest = range.lowerBound
      var current = offset
      for place in (0..<rank).reversed() {
        position[place] = rest % list[place].size
        rest /= list[place].size
        current &+= position[place] &* (other ? list[place].other : list[place].left)
      }
      withUnsafeTemporaryAllocation(of: Int.self, capacity: max(axes, 1)) { at in
        for axis in 0..<axes { at[axis] = origin[axis] }
        for place in 0..<rank where list[place].axis >= 0 && axes > 0 {
          at[list[place].axis] += position[place] * list[place].coordinate
        }
        for item in 0..<range.count {
          offsets[item] = current
          for axis in 0..<axes { coordinates[item * axes + axis] = at[axis] }
          var place = rank - 1
          while place >= 0 {
            let index = list[place]
            let step = other ? index.other : index.left
            position[place] += 1
            current &+= step
            let axis = axes > 0 ? index.axis : -1
            if axis >= 0 { at[axis] += index.coordinate }
            if position[place] < index.size { break }
            position[place] = 0
            current &-= step &* index.size
            if axis >= 0 { at[axis] -= index.coordinate * index.size }
            place -= 1
          }
        }
      }
    }
  }

  /// The runs that a range of indices consists of; returns their number.
  func fillRuns(
    _ indices: [WindowProblem.Index], _ run: WindowProblem.Run, _ range: Range<Int>, axes: Int,
    offset: Int, origin: [Int]
  ) -> Int {
    guard !range.isEmpty else { return 0 }
    let first = range.lowerBound / run.size
    let last = (range.upperBound - 1) / run.size
    fill(
      indices.dropLast(run.indices), first..<(last + 1), axes: axes, offset: offset, origin: origin)
    for item in first...last {
      let start = max(range.lowerBound - item * run.size, 0)
      let end = min(range.upperBound - item * run.size, run.size)
      starts[item - first] = start
      lengths[item - first] = end - start
    }
    return last + 1 - first
  }
}
