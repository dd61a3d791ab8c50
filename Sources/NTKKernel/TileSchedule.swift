import NTKExecution
import NTKProgram
import NTKRuntime

/// How a kernel is computed tile by tile: tiles are ranges of samples of both sides. What the sides
/// give is kept whole where the limit has room for it; otherwise both sides are computed again in
/// every tile. Of a symmetric kernel, tiles above the diagonal are copied from below it.
final class TileSchedule: Sendable {
  /// The samples of one side: how many, and where they stand in its inputs.
  struct Samples: Sendable {
    let count: Int
    let axes: [Int?]
  }

  /// A kernel of one shape of tile, compiled.
  struct Tile: Sendable {
    let whole: Executable?
    let firstSide: Executable?
    let secondSide: Executable?
    let pairs: Executable?
  }

  private struct Key: Hashable {
    let rows: Int
    let columns: Int
    let isSymmetric: Bool
  }

  let kernel: TangentKernel
  let first: Samples
  let second: Samples
  let isSymmetric: Bool
  /// Whether there is one tile for each range of samples: the samples' axis is diagonal.
  let isDiagonal: Bool
  /// Samples in a tile.
  let size: Int
  private let keepsSides: Bool
  private let tiles: [Key: Tile]
  /// The types of what the sides give, all samples together.
  private let kept: [[ValueType]]

  /// What the results of a tile may take where the limit allows more: they stay in the cache.
  private static let cachedByteCount = 4 << 20
  /// Working sets below this are not cut.
  private static let smallByteCount = 48 << 20

  /// Half of the memory that is free, rounded down to a power of two, so that plans, and with them
  /// the last bits, seldom vary; nil where the work is small, or the system does not say.
  static func defaultLimit(below peak: Int) -> Int? {
    guard peak > smallByteCount, let free = SystemMemory.available(), free > 1 else { return nil }
    return 1 << (Int.bitWidth - 1 - (free / 2).leadingZeroBitCount)
  }

  /// nil: the whole at once is within the limit, or there are no samples to cut along.
  /// - Throws: `.outOfMemory` if the smallest tile is above the limit.
  init?(_ kernel: TangentKernel, limit: Int) throws(NTKError) {
    let whole = try CompileCache.executable(for: try kernel.program()).peakByteCount
    guard whole > min(limit, TileSchedule.smallByteCount) else { return nil }
    guard let first = TileSchedule.samples(kernel.first, kernel.samples),
      let second = TileSchedule.samples(
        kernel.second ?? kernel.first, kernel.secondSamples ?? kernel.samples),
      let rule = TileSchedule.rule(kernel), min(first.count, second.count) > 0,
      max(first.count, second.count) > 1
    else {
      guard whole <= limit else { throw .outOfMemory(needed: whole, limit: limit) }
      return nil
    }
    self.kernel = kernel
    self.first = first
    self.second = second
    isSymmetric = kernel.second == nil
    isDiagonal = rule == .diagonal
    let greatest = max(first.count, second.count)
    let sides =
      [kernel.parts.flatMap(\.firstSide.outputTypes)]
      + (kernel.second == nil ? [] : [kernel.parts.flatMap { $0.secondSide?.outputTypes ?? [] }])
    let sideByteCount = sides.joined().map(\.byteCount).saturatingSum()
    // Halving from the greatest power of two below the number of samples.
    var size = 1
    while size < greatest { size *= 2 }
    var found: (size: Int, keeps: Bool, tiles: [Key: Tile])?
    var least = whole
    // A rough size first, so that few tiles are planned: results grow with the tile's square.
    let results = kernel.resultTypes.map(\.byteCount).saturatingSum()
    while size > 1, !isDiagonal,
      Double(results) * Double(size) * Double(size)
        > Double(min(limit, TileSchedule.cachedByteCount)) * Double(first.count)
        * Double(second.count)
    {
      size /= 2
    }
    size = max(size, min(64, greatest))
    while true {
      let keeps = sideByteCount < limit / 2
      let attempt = try TileSchedule.compile(
        kernel, first, second, size: size, isDiagonal: isDiagonal, keepsSides: keeps)
      let peak = attempt.peak + (keeps ? sideByteCount : 0)
      if peak <= limit {
        found = (size, keeps, attempt.tiles)
        break
      }
      if keeps {
        let again = try TileSchedule.compile(
          kernel, first, second, size: size, isDiagonal: isDiagonal, keepsSides: false)
        if again.peak <= limit {
          found = (size, false, again.tiles)
          break
        }
        least = min(least, again.peak)
      }
      least = min(least, peak)
      if size == 1 { break }
      // Working sets shrink at least in proportion.
      var next = size / 2
      while next > 1, Double(peak) * Double(next) / Double(size) > 4 * Double(limit) { next /= 2 }
      size = next
    }
    guard let found else { throw .outOfMemory(needed: least, limit: limit) }
    if found.size >= greatest && whole <= limit { return nil }
    self.size = found.size
    keepsSides = found.keeps
    tiles = found.tiles
    kept = sides
  }

  private enum Rule { case pairs, diagonal }

  /// How all outputs have their samples; nil: not alike, or traced.
  private static func rule(_ kernel: TangentKernel) -> Rule? {
    var rule: Rule?
    for (index, rules) in kernel.rules.enumerated() {
      guard case .success(let axis) = kernel.samples[index] else { return nil }
      if let others = kernel.secondSamples {
        guard case .success(let other) = others[index], other.outputAxis == axis.outputAxis else {
          return nil
        }
      }
      let own: Rule
      if rules.pairs.contains(axis.outputAxis) {
        own = .pairs
      } else if rules.diagonal.contains(axis.outputAxis) {
        own = .diagonal
      } else {
        return nil
      }
      guard rule == nil || rule == own else { return nil }
      rule = own
    }
    return rule
  }

  /// The samples of a side, the same for all outputs.
  private static func samples(
    _ program: Program, _ found: [Result<SampleAxis, SampleAxis.Mixing>]
  ) -> Samples? {
    var samples: Samples?
    for result in found {
      guard case .success(let axis) = result,
        // An array that the program itself makes along the samples cannot be cut as inputs are.
        axis.axes.dropFirst(program.inputCount).allSatisfy({ $0 == nil })
      else { return nil }
      let own = Samples(count: axis.size, axes: Array(axis.axes.prefix(program.inputCount)))
      guard samples.map({ $0.count == own.count && $0.axes == own.axes }) ?? true else {
        return nil
      }
      samples = own
    }
    return samples
  }

  private static func resized(
    _ program: Program, _ samples: Samples, _ size: Int
  ) throws(NTKError) -> Program {
    var types: [ValueType] = []
    for (type, axis) in zip(program.inputTypes, samples.axes) {
      var sizes = type.shape.sizes
      if let axis { sizes[axis] = size }
      types.append(try ValueType(type.elementType, sizes))
    }
    return try program.resized(inputs: types)
  }

  /// The sizes of tiles along one side: the ladder's, and what is left over.
  private static func sizes(_ count: Int, _ size: Int) -> [Int] {
    let rest = count % size
    return (count >= size ? [size] : []) + (rest > 0 ? [rest] : [])
  }

  private static func compile(
    _ kernel: TangentKernel, _ first: Samples, _ second: Samples, size: Int, isDiagonal: Bool,
    keepsSides: Bool
  ) throws(NTKError) -> (tiles: [Key: Tile], peak: Int) {
    var tiles: [Key: Tile] = [:]
    var peak = 0
    let isSymmetric = kernel.second == nil
    for rows in sizes(first.count, size) {
      for columns in sizes(second.count, size) {
        var kinds: [Bool] = []
        if isSymmetric {
          // Below the diagonal only the last row of tiles may be lower than it is wide.
          if rows == columns { kinds.append(true) }
          let isBelow =
            columns == size && first.count > size && (rows < size || first.count >= 2 * size)
          if isBelow && !isDiagonal { kinds.append(false) }
        } else if !isDiagonal || rows == columns {
          kinds.append(false)
        }
        for isOnDiagonal in kinds {
          let one = try resized(kernel.first, first, rows)
          let two =
            isOnDiagonal ? nil : try resized(kernel.second ?? kernel.first, second, columns)
          let tile = try TangentKernel(
            one, two, kernel.options, choices: kernel.parts.map(\.choices))
          let made = try Tile(tile, keepsSides: keepsSides)
          if keepsSides {
            try kernel.expectSameSides(tile)
          }
          // Ranges of another axis than the first are copied together.
          let copied =
            tile.resultTypes.map(\.byteCount)
            + [(one, first), (two, second)].flatMap { program, samples in
              zip(program?.inputTypes ?? [], samples.axes).map { ($1 ?? 0) > 0 ? $0.byteCount : 0 }
            }
          peak = max(peak, ([made.peakByteCount] + copied).saturatingSum())
          tiles[Key(rows: rows, columns: columns, isSymmetric: isOnDiagonal)] = made
        }
      }
    }
    return (tiles, peak)
  }
}

extension TangentKernel {
  /// - Throws: `.invariant` unless the sides of a tile give what those of the whole give, but for the
  ///   number of samples.
  fileprivate func expectSameSides(_ tile: TangentKernel) throws(NTKError) {
    for (part, other) in zip(parts, tile.parts) {
      let sides = [
        (part.firstSide, part.firstAxes, other.firstSide, other.firstAxes),
        second == nil
          ? (part.firstSide, part.firstAxes, other.secondSide, other.secondAxes)
          : (
            part.secondSide ?? part.firstSide, part.secondAxes, other.secondSide, other.secondAxes
          ),
      ]
      for case (let whole, let axes, let side?, let sideAxes) in sides {
        let isAlike = zip(whole.outputTypes, side.outputTypes).enumerated().allSatisfy {
          index, types in
          types.0.elementType == types.1.elementType && types.0.rank == types.1.rank
            && types.0.shape.indices.allSatisfy {
              $0 == axes[index] || types.0.shape[$0] == types.1.shape[$0]
            }
        }
        guard isAlike, axes == sideAxes, whole.outputs.count == side.outputs.count else {
          throw .invariant("a tile's sides give other arrays than the whole's")
        }
      }
    }
  }
}

extension TileSchedule.Tile {
  init(_ kernel: TangentKernel, keepsSides: Bool) throws(NTKError) {
    guard keepsSides else {
      whole = try CompileCache.executable(for: try kernel.program())
      (firstSide, secondSide, pairs) = (nil, nil, nil)
      return
    }
    whole = nil
    firstSide = try CompileCache.executable(for: try kernel.side(isSecond: false))
    secondSide =
      kernel.second == nil ? nil : try CompileCache.executable(for: try kernel.side(isSecond: true))
    pairs = try CompileCache.executable(for: try kernel.pairs())
  }

  var arenaByteCount: Int {
    [whole, firstSide, secondSide, pairs].map { $0?.arenaByteCount ?? 0 }.max() ?? 0
  }

  var peakByteCount: Int {
    [whole, firstSide, secondSide, pairs].map { $0?.peakByteCount ?? 0 }.max() ?? 0
  }
}

extension TileSchedule {
  /// Computes the kernel.
  /// - Parameter inputs: parameters, other inputs of the first side, of the second if there is one.
  func run(
    inputs: [ArrayReference], outputs: [ArrayReference], options: RunOptions
  ) throws(NTKError) {
    let parameterCount = kernel.options.parameters.count
    let others = kernel.first.inputCount - parameterCount
    let sides = [
      Array(inputs.prefix(parameterCount + others)),
      isSymmetric
        ? Array(inputs.prefix(parameterCount + others))
        : Array(inputs.prefix(parameterCount) + inputs.dropFirst(parameterCount + others)),
    ]
    let meter = TileMeter(options, total: totalWork)
    let arenaByteCount = tiles.values.map(\.arenaByteCount).max() ?? 0
    guard let workspace = AlignedStorage(byteCount: arenaByteCount) else {
      throw .outOfMemory(needed: arenaByteCount, limit: nil)
    }
    var storage: [AlignedStorage] = []
    var given: [[ArrayReference]] = []
    if keepsSides {
      for isSecond in isSymmetric ? [false] : [false, true] {
        var arrays: [ArrayReference] = []
        for type in kept[isSecond ? 1 : 0] {
          guard let memory = AlignedStorage(byteCount: type.byteCount) else {
            throw .outOfMemory(needed: type.byteCount, limit: nil)
          }
          storage.append(memory)
          arrays.append(ArrayReference(data: memory.baseAddress, type: type))
        }
        try fill(arrays, sides[isSecond ? 1 : 0], isSecond: isSecond, meter, workspace)
        given.append(arrays)
      }
      if isSymmetric { given.append(given[0]) }
    }
    for rows in ranges(first.count) {
      for columns in ranges(second.count) {
        let isOnDiagonal = rows == columns
        if isDiagonal && !isOnDiagonal || isSymmetric && columns.lowerBound > rows.lowerBound {
          continue
        }
        let key = Key(
          rows: rows.count, columns: columns.count, isSymmetric: isSymmetric && isOnDiagonal)
        guard let tile = tiles[key] else { throw .invariant("a tile was not planned") }
        let targets = results(outputs, rows, columns)
        try meter.run(work: rows.count * columns.count) { options throws(NTKError) in
          if let pairs = tile.pairs {
            var arrays = cut(given[0], axes(isSecond: false), rows)
            if !key.isSymmetric { arrays += cut(given[1], axes(isSecond: true), columns) }
            try pairs.run(
              inputs: arrays, outputs: targets, options: options, workspace: workspace)
          } else if let whole = tile.whole {
            var arrays = cutInputs(sides[0], kernel.first, first, rows)
            if !key.isSymmetric {
              arrays += cutInputs(sides[1], kernel.second ?? kernel.first, second, columns)
                .dropFirst(parameterCount)
            }
            try whole.run(
              inputs: arrays, outputs: targets, options: options, workspace: workspace)
          }
        }
        if isSymmetric && !isOnDiagonal {
          for (index, (source, target)) in zip(targets, results(outputs, columns, rows))
            .enumerated()
          {
            copyArray(from: source.permuted(kernel.rules[index].exchange), to: target)
          }
        }
      }
    }
    withExtendedLifetime((storage, workspace)) {}
  }

  /// Counted in entries of the samples' kernel.
  private var totalWork: Int {
    var total = 0
    for rows in ranges(first.count) {
      for columns in ranges(second.count) {
        if isDiagonal && rows != columns || isSymmetric && columns.lowerBound > rows.lowerBound {
          continue
        }
        total += rows.count * columns.count
      }
    }
    if keepsSides { total += (first.count + (isSymmetric ? 0 : second.count)) * size }
    return total
  }

  private func ranges(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// What one side gives, for all samples.
  private func fill(
    _ arrays: [ArrayReference], _ inputs: [ArrayReference], isSecond: Bool, _ meter: TileMeter,
    _ workspace: AlignedStorage
  ) throws(NTKError) {
    let program = isSecond ? kernel.second ?? kernel.first : kernel.first
    let samples = isSecond ? second : first
    for range in ranges(samples.count) {
      let planned = tiles.first { key, _ in
        key.isSymmetric == isSymmetric
          && (isSecond ? key.columns : key.rows) == range.count
      }?.value
      guard let side = isSecond ? planned?.secondSide : planned?.firstSide else {
        throw .invariant("a side was not planned")
      }
      try meter.run(work: range.count * size) { options throws(NTKError) in
        try side.run(
          inputs: cutInputs(inputs, program, samples, range),
          outputs: cut(arrays, axes(isSecond: isSecond), range), options: options,
          workspace: workspace)
      }
    }
  }

  private func axes(isSecond: Bool) -> [Int?] {
    kernel.parts.flatMap { isSecond && !isSymmetric ? $0.secondAxes : $0.firstAxes }
  }

  private func cut(
    _ arrays: [ArrayReference], _ axes: [Int?], _ range: Range<Int>
  ) -> [ArrayReference] {
    zip(arrays, axes).map { array, axis in axis.map { array.cut(axis: $0, range) } ?? array }
  }

  /// Parameters, then other inputs, those with samples cut.
  private func cutInputs(
    _ inputs: [ArrayReference], _ program: Program, _ samples: Samples, _ range: Range<Int>
  ) -> [ArrayReference] {
    let parameters = kernel.options.parameters
    let order = parameters + (0..<program.inputCount).filter { !parameters.contains($0) }
    return cut(inputs, order.map { samples.axes[$0] }, range)
  }

  private func results(
    _ outputs: [ArrayReference], _ rows: Range<Int>, _ columns: Range<Int>
  ) -> [ArrayReference] {
    outputs.enumerated().map { index, output in
      guard case .success(let axis) = kernel.samples[index] else { return output }
      let rules = kernel.rules[index]
      var place = 0
      for own in 0..<axis.outputAxis {
        place += rules.pairs.contains(own) ? 2 : rules.diagonal.contains(own) ? 1 : 0
      }
      let cut = output.cut(axis: place, rows)
      return isDiagonal ? cut : cut.cut(axis: place + 1, columns)
    }
  }
}

extension ArrayReference {
  /// A range of an axis.
  fileprivate func cut(axis: Int, _ range: Range<Int>) -> ArrayReference {
    var sizes = sizes
    sizes[axis] = range.count
    return ArrayReference(
      data: data + range.lowerBound * strides[axis] * elementType.byteCount,
      elementType: elementType, sizes: sizes, strides: strides)
  }

  fileprivate func permuted(_ permutation: [Int]) -> ArrayReference {
    ArrayReference(
      data: data, elementType: elementType, sizes: permutation.map { sizes[$0] },
      strides: permutation.map { strides[$0] })
  }
}

/// One progress over many runs.
private final class TileMeter {
  private let options: RunOptions
  private let total: UInt64
  private var done: UInt64 = 0

  init(_ options: RunOptions, total: Int) {
    self.options = options
    self.total = UInt64(clamping: total)
  }

  func run(
    work: Int, _ body: (RunOptions) throws(NTKError) -> Void
  ) throws(NTKError) {
    var inner = options
    // The schedule has seen to the limit.
    inner.memoryLimit = nil
    let (start, work, total) = (done, UInt64(clamping: work), self.total)
    if let progress = options.progress {
      inner.progress = { done, of in
        // The last step of a part is not the last of all.
        let part = of == 0 ? work : UInt64(Double(work) * Double(done) / Double(of))
        return progress(min(start + part, total), total)
      }
    }
    try body(inner)
    done += work
  }
}
