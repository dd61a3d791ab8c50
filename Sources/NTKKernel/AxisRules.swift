import NTKProgram

/// The axis rules of one output: which axes are traced, diagonal, or a pair.
struct AxisRules {
  let trace: [Int]
  let diagonal: [Int]
  /// Axes that stand twice in the result.
  let pairs: [Int]
  let rank: Int

  /// - Throws: `.axisOutOfRange`, `.argument` for an axis that is both traced and diagonal,
  ///   `.sizesDiffer` if a shared axis has two sizes.
  init(_ options: KernelOptions, _ first: Shape, _ second: Shape) throws(NTKError) {
    guard first.rank == second.rank else {
      throw .sizesDiffer("output ranks of the two sides: shape", first, second)
    }
    let rank = first.rank
    func normalized(_ axes: [Int]) throws(NTKError) -> [Int] {
      var result: [Int] = []
      for axis in axes {
        guard axis >= -rank, axis < rank else { throw .axisOutOfRange(axis, rank: rank) }
        let axis = axis < 0 ? axis + rank : axis
        guard !result.contains(axis) else { throw .repeatedAxis(axis) }
        result.append(axis)
      }
      return result.sorted()
    }
    let trace = try normalized(options.traceAxes)
    let diagonal = try normalized(options.diagonalAxes)
    if let both = trace.first(where: diagonal.contains) {
      throw .argument(
        "trace_axes, diagonal_axes", expected: "different axes", got: "axis \(both) in both")
    }
    for axis in trace + diagonal where first[axis] != second[axis] {
      throw .sizesDiffer("traced or diagonal axis \(axis) of the two sides:", first, second)
    }
    self.trace = trace
    self.diagonal = diagonal
    self.rank = rank
    pairs = (0..<rank).filter { !trace.contains($0) && !diagonal.contains($0) }
  }

  /// The result's shape: zip(first, second), traced axes gone, diagonal axes once.
  func resultShape(_ first: Shape, _ second: Shape) throws(NTKError) -> Shape {
    var sizes: [Int] = []
    for axis in 0..<rank {
      if pairs.contains(axis) {
        sizes += [first[axis], second[axis]]
      } else if diagonal.contains(axis) {
        sizes.append(first[axis])
      }
    }
    return try Shape(sizes)
  }

  /// The shape of a kernel as matrices: diagonal axes, the first side's pairs, the second's. Kernels
  /// are summed in this order and interleaved once.
  func matrixShape(_ first: Shape, _ second: Shape) throws(NTKError) -> Shape {
    try Shape(diagonal.map { first[$0] } + pairs.map { first[$0] } + pairs.map { second[$0] })
  }

  /// The permutation of the matrices' order that exchanges both sides.
  var matrixExchange: [Int] {
    let (rows, columns) = (diagonal.count, diagonal.count + pairs.count)
    return Array(0..<rows) + Array(columns..<(columns + pairs.count)) + Array(rows..<columns)
  }

  /// The permutation from the matrices' order to the interleaved one of the result.
  var interleaving: [Int] {
    var permutation: [Int] = []
    for axis in 0..<rank {
      if let position = pairs.firstIndex(of: axis) {
        permutation.append(diagonal.count + position)
        permutation.append(diagonal.count + pairs.count + position)
      } else if let position = diagonal.firstIndex(of: axis) {
        permutation.append(position)
      }
    }
    return permutation
  }

  /// The permutation of the result that exchanges both sides.
  var exchange: [Int] {
    var permutation: [Int] = []
    for axis in 0..<rank {
      if pairs.contains(axis) {
        permutation += [permutation.count + 1, permutation.count]
      } else if diagonal.contains(axis) {
        permutation.append(permutation.count)
      }
    }
    return permutation
  }

  /// By what the result is divided.
  func normalizer(_ first: Shape) -> Int { trace.reduce(1) { $0 * first[$1] } }
}
