import NTKProgram

/// Sorts places by keys, unsigned integers in the order of the elements; equal ones keep theirs.
enum StableOrder {
  /// Bytes of scratch memory for sorting `count` places.
  static func scratchByteCount(_ count: Int) -> Int { 2 * MemoryLayout<Item>.stride * count }

  struct Item: BitwiseCopyable {
    var key: UInt64
    var place: Int
  }

  /// Below, comparisons are cheaper than counting digits.
  private static let radixCount = 256

  /// Sorts items of increasing places; the other half of the memory is scratch.
  static func sort(
    _ items: UnsafeMutablePointer<Item>, scratch: UnsafeMutablePointer<Item>, count: Int
  ) {
    guard count > 1 else { return }
    if count < radixCount {
      insertRuns(items, count)
      merge(items, scratch, count)
    } else {
      sortByDigits(items, scratch, count)
    }
  }

  private static let run = 16

  private static func insertRuns(_ items: UnsafeMutablePointer<Item>, _ count: Int) {
    for start in stride(from: 0, to: count, by: run) {
      for index in start..<min(start + run, count) {
        let item = items[index]
        var place = index
        while place > start, items[place - 1].key > item.key {
          items[place] = items[place - 1]
          place -= 1
        }
        items[place] = item
      }
    }
  }

  private static func merge(
    _ items: UnsafeMutablePointer<Item>, _ scratch: UnsafeMutablePointer<Item>, _ count: Int
  ) {
    var (source, target) = (items, scratch)
    var length = run
    while length < count {
      var start = 0
      while start < count {
        let middle = min(start + length, count)
        let end = min(middle + length, count)
        var (left, right) = (start, middle)
        for index in start..<end {
          if right == end || left < middle && source[left].key <= source[right].key {
            target[index] = source[left]
            left += 1
          } else {
            target[index] = source[right]
            right += 1
          }
        }
        start = end
      }
      swap(&source, &target)
      length *= 2
    }
    if source != items { items.update(from: source, count: count) }
  }

  /// One stable distribution for each byte, the least first; bytes that all keys share are skipped.
  private static func sortByDigits(
    _ items: UnsafeMutablePointer<Item>, _ scratch: UnsafeMutablePointer<Item>, _ count: Int
  ) {
    var (source, target) = (items, scratch)
    var (all, none) = (UInt64.max, UInt64.max)
    for index in 0..<count {
      all &= items[index].key
      none &= ~items[index].key
    }
    let varying = ~(all | none)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { starts in
      for shift in stride(from: UInt64(0), to: 64, by: 8) where varying >> shift & 0xFF != 0 {
        starts.update(repeating: 0)
        for index in 0..<count { starts[Int(source[index].key >> shift & 0xFF)] += 1 }
        var next = 0
        for digit in 0..<256 {
          let size = starts[digit]
          starts[digit] = next
          next += size
        }
        for index in 0..<count {
          let digit = Int(source[index].key >> shift & 0xFF)
          target[starts[digit]] = source[index]
          starts[digit] += 1
        }
        swap(&source, &target)
      }
    }
    if source != items { items.update(from: source, count: count) }
  }
}

/// Elements as unsigned integers of the same order.
enum SortKey {
  /// JAX's order for sorting: -0 is 0, and any NaN comes after all numbers.
  case numbers
  /// The order of the bits' totalOrder, falling: of IEEE 754, section 5.10.
  case fallingTotalOrder

  func key(_ pointer: UnsafeRawPointer, _ type: ElementType) -> UInt64 {
    switch self {
    case .numbers: SortKey.rising(pointer, type, isCanonical: true)
    case .fallingTotalOrder: ~SortKey.rising(pointer, type, isCanonical: false)
    }
  }

  private static func rising(
    _ pointer: UnsafeRawPointer, _ type: ElementType, isCanonical: Bool
  ) -> UInt64 {
    switch type {
    case .f32:
      var x = pointer.load(as: Float.self)
      if isCanonical { x = x == 0 ? 0 : x.isNaN ? .nan : x }
      let bits = x.bitPattern
      return UInt64(bits >> 31 == 1 ? ~bits : bits | 1 << 31)
    case .f64:
      var x = pointer.load(as: Double.self)
      if isCanonical { x = x == 0 ? 0 : x.isNaN ? .nan : x }
      let bits = x.bitPattern
      return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    case .i32: return UInt64(pointer.load(as: UInt32.self) ^ 1 << 31)
    case .i64: return pointer.load(as: UInt64.self) ^ 1 << 63
    case .u8, .bool: return UInt64(pointer.load(as: UInt8.self))
    case .u32: return UInt64(pointer.load(as: UInt32.self))
    case .u64: return pointer.load(as: UInt64.self)
    }
  }
}
