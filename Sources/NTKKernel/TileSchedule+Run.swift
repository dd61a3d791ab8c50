import NTKExecution
import NTKProgram
import NTKRuntime

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
        try meter.run(work: work(rows, columns)) { options throws(NTKError) in
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
  private var totalWork: Double {
    var total = 0.0
    for rows in ranges(first.count) {
      for columns in ranges(second.count) {
        if isDiagonal && rows != columns || isSymmetric && columns.lowerBound > rows.lowerBound {
          continue
        }
        total += work(rows, columns)
      }
    }
    if keepsSides {
      total += Double(first.count + (isSymmetric ? 0 : second.count)) * Double(size)
    }
    return total
  }

  private func work(_ rows: Range<Int>, _ columns: Range<Int>) -> Double {
    Double(rows.count) * Double(columns.count)
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
      try meter.run(work: Double(range.count) * Double(size)) { options throws(NTKError) in
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
      guard let place = kernel.sampleAxis(ofResult: index) else { return output }
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
