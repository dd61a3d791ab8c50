import CVectorLoops

/// A convolution in which a group has next to nothing to multiply: element by element over the
/// groups, which stand side by side.
struct GroupedConvolution: Sendable {
  private let problem: WindowProblem
  private let rowGrain: Int
  private let termPiece: Int

  /// Terms whose offsets are kept at a time.
  private static let terms = 512
  private static let work = 1 << 16

  init?(_ problem: WindowProblem) {
    let groups = problem.groups
    guard groups.size > 1, problem.features.size <= 4, groups.left == 1,
      ntk_find_window_product_loop(problem.type) != nil
    else { return nil }
    self.problem = problem
    let each = problem.termCount * groups.size * problem.features.size
    rowGrain = max(Self.work / max(each, 1), 1)
    termPiece = min(problem.termCount, Self.terms)
  }

  private var taskCount: Int { (problem.rowCount - 1) / rowGrain + 1 }
  private var laneCount: Int { min(taskCount, 16) }
  private var axes: Int { problem.limits.count }
  private var tableByteCount: Int { WindowTable.byteCount(termPiece, axes: axes) }
  private var rowTableByteCount: Int { WindowTable.byteCount(1, axes: axes) }
  private var listByteCount: Int { termPiece * 2 * MemoryLayout<Int>.stride }
  private var sumByteCount: Int { (problem.groups.size * problem.itemSize + 63) / 64 * 64 }
  private var laneByteCount: Int {
    2 * tableByteCount + 2 * rowTableByteCount + (listByteCount + 63) / 64 * 64 + sumByteCount
  }

  var scratchByteCount: Int { laneCount * laneByteCount }

  func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let loop = ntk_find_window_product_loop(problem.type) else { return }
    let (tasks, lanes) = (taskCount, laneCount)
    let rowCount = problem.rowCount
    ThreadPool.forEach(lanes) { lane in
      let start = tasks * lane / lanes * rowGrain
      let end = min(tasks * (lane + 1) / lanes * rowGrain, rowCount)
      compute(start..<end, loop, out, left, right, scratch + lane * laneByteCount)
    }
  }

  private func compute(
    _ rows: Range<Int>, _ loop: ntk_window_product_loop, _ out: UnsafeMutableRawPointer,
    _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ own: UnsafeMutableRawPointer
  ) {
    let size = problem.itemSize
    let (groups, features) = (problem.groups, problem.features)
    let none = [Int](repeating: 0, count: axes)
    let read = WindowTable(own, count: termPiece, axes: axes)
    let weigh = WindowTable(own + tableByteCount, count: termPiece, axes: axes)
    let from = WindowTable(own + 2 * tableByteCount, count: 1, axes: axes)
    let to = WindowTable(own + 2 * tableByteCount + rowTableByteCount, count: 1, axes: axes)
    let sum = own + 2 * tableByteCount + 2 * rowTableByteCount
    let lists = (sum + sumByteCount).assumingMemoryBound(to: Int.self)
    let (leftList, rightList) = (lists, lists + termPiece)
    let termCount = problem.termCount
    let isWhole = termPiece == termCount
    for row in rows {
      from.fill(
        problem.rows, row..<(row + 1), axes: axes, offset: problem.leftStart,
        origin: problem.coordinates)
      to.fill(problem.rows, row..<(row + 1), axes: 0, offset: 0, origin: [], other: true)
      for start in stride(from: 0, to: termCount, by: termPiece) {
        let range = start..<min(start + termPiece, termCount)
        if !isWhole || row == rows.lowerBound {
          read.fill(problem.terms, range, axes: axes, offset: 0, origin: none)
          weigh.fill(problem.terms, range, axes: 0, offset: 0, origin: [], other: true)
        }
        var count = 0
        for term in 0..<range.count {
          var isInside = true
          for axis in 0..<axes {
            let at = from.coordinates[axis] + read.coordinates[term * axes + axis]
            isInside = isInside && at >= 0 && at < problem.limits[axis]
          }
          guard isInside else { continue }
          leftList[count] = read.offsets[term]
          rightList[count] = weigh.offsets[term]
          count += 1
        }
        for feature in 0..<features.size {
          let target = out + (to.offsets[0] + feature * features.out) * size
          let isDirect = groups.out == 1
          loop(
            isDirect ? target : sum, left + from.offsets[0] &* size,
            right + feature * features.right * size, leftList, rightList, groups.left,
            groups.right, count, groups.size, isDirect && start > 0)
          if !isDirect { store(sum, target, adds: start > 0) }
        }
      }
    }
  }

  private func store(
    _ sum: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer, adds: Bool
  ) {
    func store<T: FloatingPoint>(_: T.Type) {
      let sum = sum.assumingMemoryBound(to: T.self)
      let target = target.assumingMemoryBound(to: T.self)
      for group in 0..<problem.groups.size {
        let place = group * problem.groups.out
        target[place] = adds ? target[place] + sum[group] : sum[group]
      }
    }
    if problem.type == NTK_LOOP_F32 { store(Float.self) } else { store(Double.self) }
  }
}

/// A convolution in which a group has next to nothing to multiply: element by element along the
/// rows of the result, of which each place in the window adds a multiple of one of the input.
struct RowConvolution: Sendable {
  private let problem: WindowProblem

  init?(_ problem: WindowProblem) {
    guard problem.groups.size > 1, problem.features.size * problem.channelCount <= 4,
      let last = problem.rows.last, last.other == 1, last.size >= 4,
      last.size >= (problem.terms.last?.size ?? 1), problem.termCount <= 512,
      ntk_find_window_add_loop(problem.type) != nil
    else { return nil }
    self.problem = problem
  }

  private var axes: Int { problem.limits.count }
  private var outerCount: Int {
    problem.groups.size * problem.features.size
      * problem.rows.dropLast().reduce(1) { $0 * $1.size }
  }
  private var grain: Int {
    max((1 << 16) / max(problem.termCount * (problem.rows.last?.size ?? 1), 1), 1)
  }
  private var tableByteCount: Int { WindowTable.byteCount(problem.termCount, axes: axes) }

  var scratchByteCount: Int { 2 * tableByteCount }

  func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let loop = ntk_find_window_add_loop(problem.type), let last = problem.rows.last else {
      return
    }
    let size = problem.itemSize
    let terms = problem.termCount
    let read = WindowTable(scratch, count: terms, axes: axes)
    let weigh = WindowTable(scratch + tableByteCount, count: terms, axes: axes)
    read.fill(
      problem.terms, 0..<terms, axes: axes, offset: 0, origin: [Int](repeating: 0, count: axes))
    weigh.fill(problem.terms, 0..<terms, axes: 0, offset: 0, origin: [], other: true)
    let outer = Array(problem.rows.dropLast())
    ThreadPool.forEachRange(outerCount, grain: grain) { range in
      var origin = problem.coordinates
      for item in range {
        var rest = item
        func take(_ count: Int) -> Int {
          let index = rest % count
          rest /= count
          return index
        }
        for axis in 0..<axes { origin[axis] = problem.coordinates[axis] }
        var from = problem.leftStart
        var to = 0
        for index in outer.reversed() {
          let position = take(index.size)
          from &+= position &* index.left
          to += position * index.other
          if index.axis >= 0 { origin[index.axis] += position * index.coordinate }
        }
        let feature = take(problem.features.size)
        from &+= rest &* problem.groups.left
        to += rest * problem.groups.out + feature * problem.features.out
        let weights = rest * problem.groups.right + feature * problem.features.right
        let target = out + to * size
        target.initializeMemory(as: UInt8.self, repeating: 0, count: last.size * size)
        for term in 0..<terms {
          var (begin, end) = (0, last.size)
          for axis in 0..<axes {
            let at = origin[axis] + read.coordinates[term * axes + axis]
            if axis == last.axis {
              let step = last.coordinate
              begin = max(begin, at < 0 ? (-at + step - 1) / step : 0)
              let room = problem.limits[axis] - at
              end = min(end, room > 0 ? (room - 1) / step + 1 : 0)
            } else if at < 0 || at >= problem.limits[axis] {
              end = 0
            }
          }
          guard begin < end else { continue }
          loop(
            target + begin * size,
            left + (from &+ read.offsets[term] &+ begin &* last.left) &* size,
            right + (weights + weigh.offsets[term]) * size, last.left, end - begin)
        }
      }
    }
  }
}
