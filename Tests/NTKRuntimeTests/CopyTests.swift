import CVectorLoops
import NTKRuntime
import XCTest

/// A strided layout of an array within a block of memory.
private struct Layout {
  var strides: [Int]
  var offset: Int
  var byteCount: Int

  /// Axes in random order, with random gaps and directions; `broadcasts` allows strides of 0.
  init(_ sizes: [Int], itemSize: Int, broadcasts: Bool, _ generator: inout Generator) {
    strides = sizes.map { _ in 0 }
    offset = 0
    var step = itemSize
    for axis in sizes.indices.shuffled(using: &generator) {
      if broadcasts, Int.random(in: 0..<4, using: &generator) == 0 { continue }
      if Int.random(in: 0..<5, using: &generator) == 0 { step += itemSize * 3 }
      strides[axis] = step
      step *= max(sizes[axis], 1)
      if Int.random(in: 0..<4, using: &generator) == 0, sizes[axis] > 0 {
        offset += (sizes[axis] - 1) * strides[axis]
        strides[axis] = -strides[axis]
      }
    }
    byteCount = step + itemSize
  }

  func position(_ index: [Int]) -> Int {
    offset + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

final class CopyTests: XCTestCase {
  private let shapes: [[Int]] = [
    [], [1], [7], [0], [3, 0, 2], [5, 4], [33, 17], [64, 64], [70, 3], [3, 70], [2, 3, 4, 5],
    [1, 9, 1, 20], [4, 35, 18], [2, 2, 2, 2, 2, 2], [300], [129, 66],
  ]

  private func indices(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { partial, size in partial.flatMap { p in (0..<size).map { p + [$0] } } }
  }

  private func randomBytes(_ count: Int, _ generator: inout Generator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 1...255, using: &generator) }
  }

  /// A copy moves each item to its place and touches nothing else.
  func testCopyAgainstIndices() {
    var generator = Generator(seed: 10)
    for sizes in shapes {
      for itemSize in [1, 2, 4, 8, 16] {
        for _ in 0..<8 {
          let from = Layout(sizes, itemSize: itemSize, broadcasts: true, &generator)
          let to = Layout(sizes, itemSize: itemSize, broadcasts: false, &generator)
          let input = randomBytes(from.byteCount, &generator)
          var expected = [UInt8](repeating: 0, count: to.byteCount)
          for index in indices(sizes) {
            for byte in 0..<itemSize {
              expected[to.position(index) + byte] = input[from.position(index) + byte]
            }
          }
          let got = withAligned(input) { source in
            withOutput(to.byteCount, of: UInt8.self) { out in
              ntk_copy(
                out + to.offset, to.strides, source + from.offset, from.strides, sizes,
                Int32(sizes.count), itemSize)
            }
          }
          XCTAssertEqual(got, expected, "\(sizes) \(from.strides) to \(to.strides)")
        }
      }
    }
  }

  /// Any range of the flattened order can be gathered by itself.
  func testGatherBlockAgainstIndices() {
    var generator = Generator(seed: 11)
    for sizes in shapes {
      let all = indices(sizes)
      for itemSize in [1, 4, 8] {
        for _ in 0..<8 {
          let from = Layout(sizes, itemSize: itemSize, broadcasts: true, &generator)
          let input = randomBytes(from.byteCount, &generator)
          let begin = Int.random(in: 0...all.count, using: &generator)
          let count = Int.random(in: 0...(all.count - begin), using: &generator)
          let expected = all[begin..<(begin + count)].flatMap { index in
            input[from.position(index)..<(from.position(index) + itemSize)]
          }
          let got = withAligned(input) { source in
            withOutput(count * itemSize, of: UInt8.self) { out in
              ntk_gather_block(
                out, source + from.offset, from.strides, sizes, Int32(sizes.count), begin, count,
                itemSize)
            }
          }
          XCTAssertEqual(got, expected, "\(sizes) \(from.strides) \(begin) \(count)")
        }
      }
    }
  }

  private func withAligned<R>(_ bytes: [UInt8], _ body: (UnsafeRawPointer) -> R) -> R {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 1, alignment: 64)
    defer { memory.deallocate() }
    memory.copyMemory(from: bytes, byteCount: bytes.count)
    return body(memory)
  }

  /// The copy that is cut over threads is the same copy.
  func testParallelCopyOfALargeTranspose() {
    let (rows, columns) = (1031, 517)
    let input = (0..<(rows * columns)).map { Float($0) }
    let got = withOutput(rows * columns, of: Float.self) { out in
      VectorLoops.copy(
        to: out, strides: [4, 4 * rows], from: input, strides: [4 * columns, 4],
        sizes: [rows, columns], itemSize: 4)
    }
    for row in 0..<rows {
      for column in 0..<columns {
        guard got[column * rows + row] == input[row * columns + column] else {
          XCTFail("\(row), \(column)")
          return
        }
      }
    }
  }

  func testFill() {
    for count in loopSizes {
      let got = withOutput(count, of: Double.self) { ntk_fill($0, [2.5], 8, count) }
      XCTAssertEqual(got, [Double](repeating: 2.5, count: count))
    }
    let count = 1_000_003
    let got = withOutput(count, of: UInt8.self) {
      VectorLoops.fill($0, with: [UInt8(7)], itemSize: 1, count: count)
    }
    XCTAssertEqual(got, [UInt8](repeating: 7, count: count))
  }
}
