import CVectorLoops

/// A convolution as products of tiles: windows are copied side by side, as many as stay in the cache
/// while BLAS reads them.
struct TiledConvolution: Sendable {
  /// How a tile of the result reaches its place.
  private enum Target: Sendable {
    /// BLAS writes it there. Rows, or for `featuresFirst` the features, are `leading` apart.
    case direct(featuresFirst: Bool, leading: Int)
    /// It is made in scratch memory and copied; the smaller steps of the result are inside.
    case scattered(featuresFirst: Bool)
  }

  private let problem: WindowProblem
  private let entries: WindowEntries
  private let target: Target
  /// Indices of rows that are not cut: a tile lies in one place of each.
  private let outer: [WindowProblem.Index]
  private let inner: [WindowProblem.Index]
  private let rows: Cut
  private let columns: Cut
  private let depth: Cut
  /// Depth is cut into parts, summed apart, where there is little else to cut.
  private let parts: Cut
  /// Whether the terms of a row stand side by side in a packed tile, or the rows of a term.
  private let termsInside: Bool
  private let termRun: WindowProblem.Run
  private let rowRun: WindowProblem.Run
  /// From one partial sum of the result to the next, in elements.
  private let partialCount: Int

  /// 0..<size in pieces of one size but the last.
  private struct Cut: Sendable {
    let size: Int
    let piece: Int
    var count: Int { (size - 1) / piece + 1 }

    /// About equal pieces of at most `limit`, in multiples of `unit`.
    init(_ size: Int, limit: Int, unit: Int = 1) {
      self.size = size
      let count = (size - 1) / max(limit, 1) + 1
      let even = (size - 1) / count + 1
      piece = min((even + unit - 1) / unit * unit, size)
    }

    func range(_ index: Int) -> Range<Int> {
      index * piece..<min((index + 1) * piece, size)
    }
  }

  /// Parts of the scratch memory, each used by one thread at a time.
  private static let maximumLanes = 16
  private static let tileByteCount = 1 << 18
  private static let deepest = 1024
  private static let fewTiles = 8
  /// Multiplications that are worth a thread's waking.
  private static let leastWork = 1 << 18
  private static let largestPartials = 1 << 22

  init(_ original: WindowProblem) {
    var problem = original
    // Elements that stand side by side shall be copied together.
    let isReadByRows = problem.rows.last.map { $0.left == 1 } ?? false
    if !isReadByRows, let unit = problem.terms.lastIndex(where: { $0.left == 1 && $0.size >= 4 }),
      unit != problem.terms.count - 1
    {
      problem.terms.append(problem.terms.remove(at: unit))
    }
    self.problem = problem
    let features = problem.features
    entries = WindowEntries(problem)
    termRun = WindowProblem.Run(problem.terms)
    rowRun = WindowProblem.Run(problem.rows)
    termsInside = termRun.length >= rowRun.length

    // The longest tail of rows that stand at even distances in the result.
    var tail = 0
    var count = 1
    var stride = 0
    for index in problem.rows.reversed() {
      if tail == 0 {
        stride = index.other
      } else if index.other != stride * count {
        break
      }
      count *= index.size
      tail += 1
    }
    let rowCount = problem.rowCount
    let isWide = count >= min(rowCount, 64)
    if isWide, features.size == 1 || features.out == 1, count == 1 || stride >= features.size {
      target = .direct(
        featuresFirst: false, leading: count == 1 ? features.size : max(stride, features.size))
    } else if isWide || count >= 16, count == 1 || stride == 1, features.out >= count {
      target = .direct(featuresFirst: true, leading: features.out)
    } else {
      let last = problem.rows.last.map { abs($0.other) } ?? .max
      target = .scattered(featuresFirst: last < abs(features.out))
      tail = problem.rows.count
      count = rowCount
    }
    outer = Array(problem.rows.dropLast(tail))
    inner = Array(problem.rows.suffix(tail))

    let terms = problem.termCount
    let depth = Cut(
      terms, limit: terms <= Self.deepest * 3 / 2 ? terms : Self.deepest, unit: 16)
    let room = Self.tileByteCount / problem.itemSize / depth.piece
    let rows = Cut(count, limit: min(max(room, 64), 4096), unit: 16)
    let independent =
      outer.reduce(problem.groups.size) { min($0 * $1.size, 1 << 20) } * rows.count
    // Partial sums have the layout of the result, as far as it is reached from its start.
    let reach = problem.rows.reduce(
      (features.size - 1) * abs(features.out) + (problem.groups.size - 1) * abs(problem.groups.out)
    ) { $0 + ($1.size - 1) * abs($1.other) }
    var columns = Cut(features.size, limit: features.size)
    var parts = Cut(depth.count, limit: depth.count)
    let work = Double(rows.piece) * Double(terms) * Double(features.size)
    if independent < Self.fewTiles, work >= 2 * Double(Self.leastWork) {
      let wanted = min((Self.fewTiles - 1) / independent + 1, Int(work / Double(Self.leastWork)))
      if depth.count >= wanted, reach < Self.largestPartials / wanted {
        parts = Cut(depth.count, limit: (depth.count - 1) / wanted + 1)
      } else if features.size >= 128 {
        columns = Cut(
          features.size, limit: max((features.size - 1) / wanted + 1, 64), unit: 16)
      }
    }
    (self.depth, self.rows, self.columns, self.parts) = (depth, rows, columns, parts)
    partialCount = parts.count > 1 ? reach + 1 : 0
  }

  private var tileCount: Int {
    outer.reduce(problem.groups.size) { $0 * $1.size } * rows.count * columns.count * parts.count
  }
  private var laneCount: Int { min(tileCount, Self.maximumLanes) }
  private var axes: Int { problem.limits.count }

  private var packedByteCount: Int { align(rows.piece * depth.piece * problem.itemSize) }
  private var scatteredByteCount: Int {
    if case .scattered = target { return align(rows.piece * columns.piece * problem.itemSize) }
    return 0
  }
  private var tableItems: Int { max(rows.piece, depth.piece) + 2 }
  private var tableByteCount: Int { WindowTable.byteCount(tableItems, axes: axes) }
  private var laneByteCount: Int { packedByteCount + scatteredByteCount + 3 * tableByteCount }
  private var partialByteCount: Int { align((parts.count - 1) * partialCount * problem.itemSize) }

  private func align(_ count: Int) -> Int { (count + 63) / 64 * 64 }

  var scratchByteCount: Int {
    entries.byteCount + partialByteCount + laneCount * laneByteCount
  }

  func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    let matrix = entries.prepare(right, scratch)
    let partials = scratch + entries.byteCount
    let lanes = partials + partialByteCount
    let (tiles, laneCount, laneByteCount) = (tileCount, laneCount, laneByteCount)
    ThreadPool.forEach(laneCount) { lane in
      let own = lanes + lane * laneByteCount
      for tile in (tiles * lane / laneCount)..<(tiles * (lane + 1) / laneCount) {
        compute(tile, out, left, matrix, partials, own)
      }
    }
    if parts.count > 1 { addPartials(partials, to: out) }
  }

  private func compute(
    _ tile: Int, _ out: UnsafeMutableRawPointer, _ left: UnsafeRawPointer,
    _ matrix: UnsafeRawPointer, _ partials: UnsafeMutableRawPointer, _ own: UnsafeMutableRawPointer
  ) {
    let size = problem.itemSize
    var rest = tile
    func take(_ count: Int) -> Int {
      let index = rest % count
      rest /= count
      return index
    }
    let columnRange = columns.range(take(columns.count))
    let rowRange = rows.range(take(rows.count))
    let part = take(parts.count)
    var leftOffset = problem.leftStart
    var outOffset = columnRange.lowerBound * problem.features.out
    var origin = problem.coordinates
    for index in outer.reversed() {
      let position = take(index.size)
      leftOffset &+= position &* index.left
      outOffset += position * index.other
      if index.axis >= 0 { origin[index.axis] += position * index.coordinate }
    }
    leftOffset &+= rest &* problem.groups.left
    outOffset += rest * problem.groups.out
    var to = out
    if part > 0 { to = partials + (part - 1) * partialCount * size }
    let window =
      matrix
      + (rest * entries.groupStride
        + columnRange.lowerBound
        * (entries.operand.isTransposed ? entries.operand.leadingDimension : 1)) * size
    let chunks = parts.range(part)
    let result = own + packedByteCount
    for chunk in chunks {
      let terms = depth.range(chunk)
      let packed = pack(rowRange, terms, left + leftOffset &* size, origin, own)
      multiply(
        packed, window + terms.lowerBound * entries.termStride * size, rowRange, columnRange.count,
        terms.count, to + outOffset * size, result, accumulates: chunk > chunks.lowerBound)
    }
    if case .scattered(let featuresFirst) = target {
      scatter(result, rowRange, columnRange.count, to + outOffset * size, featuresFirst, own)
    }
  }

  private func tables(_ own: UnsafeMutableRawPointer) -> (WindowTable, WindowTable, WindowTable) {
    let start = own + packedByteCount + scatteredByteCount
    func table(_ number: Int) -> WindowTable {
      WindowTable(start + number * tableByteCount, count: tableItems, axes: axes)
    }
    return (table(0), table(1), table(2))
  }

  /// Copies the windows of a tile; returns them as a matrix [rows, terms].
  private func pack(
    _ rowRange: Range<Int>, _ terms: Range<Int>, _ left: UnsafeRawPointer, _ origin: [Int],
    _ own: UnsafeMutableRawPointer
  ) -> MatrixProduct.Operand {
    let (lines, runs, _) = tables(own)
    let none = [Int](repeating: 0, count: axes)
    let run = termsInside ? termRun : rowRun
    let lineCount: Int
    let runCount: Int
    if termsInside {
      lines.fill(inner, rowRange, axes: axes, offset: 0, origin: origin)
      lineCount = rowRange.count
      runCount = runs.fillRuns(problem.terms, run, terms, axes: axes, offset: 0, origin: none)
    } else {
      lines.fill(problem.terms, terms, axes: axes, offset: 0, origin: none)
      lineCount = terms.count
      runCount = runs.fillRuns(inner, rowRun, rowRange, axes: axes, offset: 0, origin: origin)
    }
    let leading = termsInside ? terms.count : rowRange.count
    problem.limits.withUnsafeBufferPointer { limits in
      var windows = ntk_window_matrix(
        lines: lineCount, runs: runCount, axes: axes, limits: limits.baseAddress,
        line_offsets: lines.offsets, line_coordinates: lines.coordinates,
        run_offsets: runs.offsets, run_coordinates: runs.coordinates, run_starts: runs.starts,
        run_lengths: runs.lengths, run_axis: run.axis, run_coordinate: run.coordinate,
        run_unit: run.unit, step: run.step)
      ntk_pack_windows(own, leading, left, &windows, problem.itemSize)
    }
    return .init(leadingDimension: leading, isTransposed: !termsInside)
  }

  private func multiply(
    _ packed: MatrixProduct.Operand, _ window: UnsafeRawPointer, _ rowRange: Range<Int>,
    _ columnCount: Int, _ depth: Int, _ out: UnsafeMutableRawPointer,
    _ result: UnsafeMutableRawPointer, accumulates: Bool
  ) {
    let windows = UnsafeRawPointer(result - packedByteCount)
    let featuresFirst: Bool
    let leading: Int
    var to = result
    switch target {
    case .direct(let first, let step):
      (featuresFirst, leading) = (first, step)
      to = out + (first ? rowRange.lowerBound : rowRange.lowerBound * step) * problem.itemSize
    case .scattered(let first):
      (featuresFirst, leading) = (first, first ? rowRange.count : columnCount)
    }
    if featuresFirst {
      MatrixProduct(
        problem.type, rows: columnCount, columns: rowRange.count, inner: depth,
        left: entries.operand.transposed, right: packed.transposed,
        out: .init(leadingDimension: leading), accumulates: accumulates
      )?.runWhole(out: to, left: window, right: windows)
    } else {
      MatrixProduct(
        problem.type, rows: rowRange.count, columns: columnCount, inner: depth, left: packed,
        right: entries.operand, out: .init(leadingDimension: leading), accumulates: accumulates
      )?.runWhole(out: to, left: windows, right: window)
    }
  }

  private func scatter(
    _ result: UnsafeMutableRawPointer, _ rowRange: Range<Int>, _ columnCount: Int,
    _ out: UnsafeMutableRawPointer, _ featuresFirst: Bool, _ own: UnsafeMutableRawPointer
  ) {
    let (_, _, places) = tables(own)
    places.fill(inner, rowRange, axes: 0, offset: 0, origin: [], other: true)
    let size = problem.itemSize
    let count = rowRange.count
    let step = problem.features.out
    if !featuresFirst, step == 1 {
      for row in 0..<count {
        (out + places.offsets[row] * size).copyMemory(
          from: result + row * columnCount * size, byteCount: columnCount * size)
      }
      return
    }
    let (rowStep, columnStep) = featuresFirst ? (1, count) : (columnCount, 1)
    func copy<T>(_: T.Type) {
      let from = result.assumingMemoryBound(to: T.self)
      let to = out.assumingMemoryBound(to: T.self)
      for column in 0..<columnCount {
        for row in 0..<count {
          to[places.offsets[row] + column * step] = from[row * rowStep + column * columnStep]
        }
      }
    }
    switch size {
    case 1: copy(UInt8.self)
    case 4: copy(UInt32.self)
    default: copy(UInt64.self)
    }
  }

  /// Adds the partial sums to the result, always in the same order.
  private func addPartials(_ partials: UnsafeMutableRawPointer, to out: UnsafeMutableRawPointer) {
    guard let add = ntk_find_binary_loop(NTK_LOOP_ADD, problem.type) else { return }
    let size = problem.itemSize
    // What lies between the features of this result, if anything does, is not this one's.
    let run = WindowResultRun(problem)
    ThreadPool.forEachRange(run.count, grain: max((1 << 14) / run.length, 1)) { range in
      for place in range {
        let offset = run.offset(place)
        for part in 0..<(parts.count - 1) {
          let to = out + offset * size
          add(to, to, partials + (part * partialCount + offset) * size, run.length)
        }
      }
    }
  }
}

/// The places of a result as rows of elements that stand side by side.
private struct WindowResultRun {
  private var sizes: [Int] = []
  private var steps: [Int] = []
  private(set) var length = 1
  var count: Int { sizes.reduce(1, *) }

  init(_ problem: WindowProblem) {
    var all = problem.rows.map { ($0.size, $0.other) }
    all.append((problem.features.size, problem.features.out))
    all.append((problem.groups.size, problem.groups.out))
    all = all.filter { $0.0 != 1 }.sorted { abs($0.1) > abs($1.1) }
    while let last = all.last, last.1 == length {
      length *= last.0
      all.removeLast()
    }
    sizes = all.map(\.0)
    steps = all.map(\.1)
  }

  func offset(_ place: Int) -> Int {
    var rest = place
    var offset = 0
    for axis in sizes.indices.reversed() {
      offset += rest % sizes[axis] * steps[axis]
      rest /= sizes[axis]
    }
    return offset
  }
}
