import NTKExecution
import NTKProgram

/// Where the samples stand along which a kernel is cut into tiles.
public struct KernelSamples: Sendable {
  /// How many the first and the second side have.
  public let counts: (first: Int, second: Int)
  /// For each input of `TangentKernel.program()`, the axis of its samples.
  public let inputAxes: [Int?]
  /// For each result, the axis of the first side's samples; the second side's follow it, unless
  /// both sides share one.
  public let resultAxes: [Int]
  public let isDiagonal: Bool
}

/// How a kernel is computed under a memory limit.
public enum KernelTiling: Sendable {
  case whole
  /// - Parameter keepsSides: whether what the sides give is kept for all samples.
  case tiles(size: Int, keepsSides: Bool)
}

extension TangentKernel {
  /// nil: a program mixes samples or has none, they are traced, or outputs have them differently.
  public func cuttableSamples() -> KernelSamples? {
    guard let one = TileSchedule.samples(first, samples),
      let two = TileSchedule.samples(second ?? first, secondSamples ?? samples),
      let rule = TileSchedule.rule(self), one.count > 0, two.count > 0
    else { return nil }
    let others = (0..<first.inputCount).filter { !options.parameters.contains($0) }
    var axes = (options.parameters + others).map { one.axes[$0] }
    if let second {
      axes += (0..<second.inputCount).filter { !options.parameters.contains($0) }
        .map { two.axes[$0] }
    }
    var places: [Int] = []
    for index in resultTypes.indices {
      guard let place = sampleAxis(ofResult: index) else { return nil }
      places.append(place)
    }
    return KernelSamples(
      counts: (one.count, two.count), inputAxes: axes, resultAxes: places,
      isDiagonal: rule == .diagonal)
  }

  /// The axis of a result along which the first side's samples stand.
  func sampleAxis(ofResult index: Int) -> Int? {
    guard case .success(let axis) = samples[index] else { return nil }
    let rules = rules[index]
    return (0..<axis.outputAxis).reduce(0) { place, own in
      place + (rules.pairs.contains(own) ? 2 : rules.diagonal.contains(own) ? 1 : 0)
    }
  }

  /// The programs of a tile of so many samples: the kernel of both is the tile.
  /// - Parameter columns: nil: those of the first side, at the same samples.
  public func tilePrograms(
    rows: Int, columns: Int?
  ) throws(NTKError) -> (first: Program, second: Program?) {
    guard let one = TileSchedule.samples(first, samples),
      let two = TileSchedule.samples(second ?? first, secondSamples ?? samples),
      let rule = TileSchedule.rule(self), one.count > 0, two.count > 0
    else {
      throw .argument(
        "kernel", expected: "samples that are independent and not traced", got: "none")
    }
    for (name, count, most) in [("rows", rows, one.count), ("columns", columns ?? 1, two.count)] {
      guard count > 0, count <= most else {
        throw .argument(name, expected: "1 to \(most) samples", got: "\(count)")
      }
    }
    if rule == .diagonal, let columns, columns != rows {
      throw .argument("columns", expected: "\(rows), as rows", got: "\(columns)")
    }
    if columns == nil, second != nil {
      throw .argument("columns", expected: "samples of the second side", got: "none")
    }
    return (
      try TileSchedule.resized(first, one, rows),
      try columns.map { columns throws(NTKError) in
        try TileSchedule.resized(second ?? first, two, columns)
      }
    )
  }

  /// A kernel of programs that `tilePrograms` gave; for each parameter it does as this one does.
  public func tile(_ first: Program, _ second: Program?) throws(NTKError) -> TangentKernel {
    try TangentKernel(first, second, options, choices: parts.map(\.choices))
  }

  /// What `compute` does under a limit; nil: under the default one.
  public func tiling(limit: Int?) throws(NTKError) -> (limit: Int?, KernelTiling) {
    let peak = try CompileCache.executable(for: try program()).peakByteCount
    guard let limit = limit ?? TileSchedule.defaultLimit(below: peak),
      let tiles = try schedule(limit: limit)
    else { return (limit, .whole) }
    return (limit, .tiles(size: tiles.size, keepsSides: tiles.keepsSides))
  }
}
