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

  struct Key: Hashable, Sendable {
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
  let keepsSides: Bool
  let tiles: [Key: KernelTile]
  /// The types of what the sides give, all samples together.
  let kept: [[ValueType]]

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
    while size < greatest && size <= Int.max / 2 { size *= 2 }
    var found: (size: Int, keeps: Bool, tiles: [Key: KernelTile])?
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
      let peak = [attempt.peak, keeps ? sideByteCount : 0].saturatingSum()
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

  enum Rule { case pairs, diagonal }

  /// How all outputs have their samples; nil: not alike, or traced.
  static func rule(_ kernel: TangentKernel) -> Rule? {
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
  static func samples(
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

  static func resized(
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
  ) throws(NTKError) -> (tiles: [Key: KernelTile], peak: Int) {
    var tiles: [Key: KernelTile] = [:]
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
          let made = try KernelTile(tile, keepsSides: keepsSides)
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
