import CVectorLoops

/// How a convolution without input dilation runs.
struct ConvolutionPlan: Sendable {
  private enum Method: Sendable {
    /// Products of matrices that stand in memory.
    case plain(PlainConvolution)
    /// Products of tiles of windows.
    case tiled(TiledConvolution)
    /// Element by element over the groups.
    case grouped(GroupedConvolution)
    /// Element by element along rows.
    case rows(RowConvolution)
  }

  private let method: Method

  init(
    _ type: ntk_loop_type, groups: Convolution.Dimension, batch: Convolution.Dimension,
    features: Convolution.Dimension, channels: Convolution.Dimension, axes: [Convolution.Axis]
  ) {
    let problem = WindowProblem(
      type, groups: groups, batch: batch, features: features, channels: channels, axes: axes)
    if let plan = GroupedConvolution(problem) {
      method = .grouped(plan)
    } else if let plan = RowConvolution(problem) {
      method = .rows(plan)
    } else if let plan = PlainConvolution(problem) {
      method = .plain(plan)
    } else {
      method = .tiled(TiledConvolution(problem))
    }
  }

  var scratchByteCount: Int {
    switch method {
    case .plain(let plan): plan.scratchByteCount
    case .tiled(let plan): plan.scratchByteCount
    case .grouped(let plan): plan.scratchByteCount
    case .rows(let plan): plan.scratchByteCount
    }
  }

  func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    switch method {
    case .plain(let plan): plan.run(out: out, left: left, right: right, scratch: scratch)
    case .tiled(let plan): plan.run(out: out, left: left, right: right, scratch: scratch)
    case .grouped(let plan): plan.run(out: out, left: left, right: right, scratch: scratch)
    case .rows(let plan): plan.run(out: out, left: left, right: right, scratch: scratch)
    }
  }
}

/// A convolution as a product of a virtual matrix of windows, [rows, terms], and one of the window's
/// entries, [terms, features]. Rows are the batch and the positions, in the order in which the
/// result has them; terms are the channels and the places in the window.
struct WindowProblem: Sendable {
  /// An index of rows or terms.
  struct Index: Sendable {
    var size: Int
    /// Steps in the left array, and in the right one (of terms) or the result (of rows).
    var left: Int
    var other: Int
    /// The checked axis whose coordinate it adds to, -1 for none, and by how much.
    var axis: Int
    var coordinate: Int
  }

  let type: ntk_loop_type
  let itemSize: Int
  let groups: Convolution.Dimension
  let features: Convolution.Dimension
  let channelCount: Int
  var rows: [Index]
  var terms: [Index]
  /// Where the window of the first position begins, in the left array and on the checked axes.
  let leftStart: Int
  let coordinates: [Int]
  /// Sizes of the checked axes: those on which a window can stand out.
  let limits: [Int]

  init(
    _ type: ntk_loop_type, groups: Convolution.Dimension, batch: Convolution.Dimension,
    features: Convolution.Dimension, channels: Convolution.Dimension, axes: [Convolution.Axis]
  ) {
    self.type = type
    itemSize = Int(ntk_loop_item_size(type))
    self.groups = groups
    self.features = features
    channelCount = channels.size
    var rows = [
      Index(size: batch.size, left: batch.left, other: batch.out, axis: -1, coordinate: 0)
    ]
    var terms = [
      Index(
        size: channels.size, left: channels.left, other: channels.right, axis: -1, coordinate: 0)
    ]
    var start = 0
    var limits: [Int] = []
    var coordinates: [Int] = []
    for axis in axes {
      let last =
        axis.stride * (axis.output.size - 1) + axis.dilation * (axis.window.size - 1) - axis.low
      let isChecked = axis.low > 0 || last >= axis.input.size
      let number = isChecked ? limits.count : -1
      if isChecked {
        limits.append(axis.input.size)
        coordinates.append(-axis.low)
      }
      // Offsets may wrap around: those of elements that are inside come out right.
      start &-= axis.low &* axis.input.left
      rows.append(
        Index(
          size: axis.output.size, left: axis.stride &* axis.input.left, other: axis.output.out,
          axis: number, coordinate: axis.stride))
      terms.append(
        Index(
          size: axis.window.size, left: axis.dilation &* axis.input.left, other: axis.window.right,
          axis: number, coordinate: axis.dilation))
    }
    self.limits = limits
    self.coordinates = coordinates
    leftStart = start
    self.rows = rows.filter { $0.size != 1 }.sorted { abs($0.other) > abs($1.other) }
    self.terms = terms.filter { $0.size != 1 }.sorted { abs($0.other) > abs($1.other) }
  }

  var rowCount: Int { rows.reduce(1) { $0 * $1.size } }
  var termCount: Int { terms.reduce(1) { $0 * $1.size } }

  /// The stride of several indices taken as one; nil if they do not merge. 0 for none.
  static func merged(_ indices: some BidirectionalCollection<Index>, _ step: (Index) -> Int) -> Int?
  {
    var stride: Int?
    var expected = 0
    for index in indices.reversed() {
      if stride == nil {
        stride = step(index)
      } else if step(index) != expected {
        return nil
      }
      expected = step(index) &* index.size
    }
    return stride ?? 0
  }

  /// The last indices as one row of elements of the left array.
  struct Run: Sendable {
    /// How many indices it takes in.
    var indices = 0
    var size = 1
    /// Elements between steps of the coordinate.
    var unit = 1
    var axis = -1
    var coordinate = 1
    var step = 1

    init(_ list: [Index]) {
      for index in list.reversed() {
        if indices == 0 {
          step = index.left
        } else {
          guard axis < 0, index.left == step &* size else { return }
        }
        indices += 1
        if index.axis >= 0 {
          unit = size
          axis = index.axis
          coordinate = index.coordinate
        }
        size *= index.size
      }
    }

    /// How many elements are copied at a time.
    var length: Int { step == 1 || size == 1 ? size : 1 }
  }
}

/// How BLAS reads a matrix whose rows and columns are some steps apart; nil: it cannot.
func matrixOperand(rows: Int, columns: Int, rowStep: Int, columnStep: Int) -> MatrixProduct.Operand?
{
  if columns == 1 || columnStep == 1 {
    let leading = rows == 1 ? max(columns, 1) : rowStep
    if leading >= max(columns, 1) { return .init(leadingDimension: leading) }
  }
  if rows == 1 || rowStep == 1 {
    let leading = columns == 1 ? max(rows, 1) : columnStep
    if leading >= max(rows, 1) { return .init(leadingDimension: leading, isTransposed: true) }
  }
  return nil
}

extension MatrixProduct.Operand {
  var transposed: MatrixProduct.Operand {
    .init(
      leadingDimension: leadingDimension, batchStride: batchStride, isTransposed: !isTransposed)
  }
}

/// The window's entries as matrices [terms, features], one for each group: where they stand if BLAS
/// can read them there, else as a copy.
struct WindowEntries: Sendable {
  let operand: MatrixProduct.Operand
  /// From one group to the next, in elements.
  let groupStride: Int
  /// From one term to the next.
  let termStride: Int
  /// Bytes of the copy, 0 if there is none.
  let byteCount: Int
  private let sizes: [Int]
  private let strides: [Int]
  private let copyStrides: [Int]
  private let itemSize: Int

  init(_ problem: WindowProblem) {
    let (groups, features, terms) = (problem.groups, problem.features, problem.terms)
    let (rows, columns) = (problem.termCount, features.size)
    itemSize = problem.itemSize
    if let step = WindowProblem.merged(terms, { $0.other }),
      let operand = matrixOperand(
        rows: rows, columns: columns, rowStep: step, columnStep: features.right)
    {
      self.operand = operand
      groupStride = groups.right
      termStride = operand.isTransposed ? 1 : operand.leadingDimension
      byteCount = 0
      (sizes, strides, copyStrides) = ([], [], [])
      return
    }
    let termSizes = terms.map(\.size)
    let termStrides = terms.map(\.other)
    // The copy has the order of the original.
    let last = terms.last.map { abs($0.other) } ?? .max
    let isTransposed = last < abs(features.right) && columns > 1
    groupStride = rows * columns
    termStride = isTransposed ? 1 : columns
    operand = .init(
      leadingDimension: max(isTransposed ? rows : columns, 1), isTransposed: isTransposed)
    let inner = isTransposed ? [columns] + termSizes : termSizes + [columns]
    sizes = [groups.size] + inner
    strides =
      [groups.right]
      + (isTransposed ? [features.right] + termStrides : termStrides + [features.right])
    var steps: [Int] = []
    var step = itemSize
    for size in sizes.reversed() {
      steps.append(step)
      step *= size
    }
    copyStrides = steps.reversed()
    byteCount = (step + 63) / 64 * 64
  }

  /// The first matrix, copied to `scratch` if need be.
  func prepare(_ right: UnsafeRawPointer, _ scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer {
    guard byteCount > 0 else { return right }
    VectorLoops.copy(
      to: scratch, strides: copyStrides, from: right, strides: strides.map { $0 * itemSize },
      sizes: sizes, itemSize: itemSize)
    return UnsafeRawPointer(scratch)
  }
}

/// A convolution whose windows BLAS can read in memory: 1 by 1, or the whole input.
struct PlainConvolution: Sendable {
  private let product: MatrixProduct
  private let problem: WindowProblem
  private let entries: WindowEntries
  private let featuresFirst: Bool

  init?(_ problem: WindowProblem) {
    guard problem.limits.isEmpty else { return nil }
    let entries = WindowEntries(problem)
    let (terms, features) = (problem.termCount, problem.features.size)
    guard let termStep = WindowProblem.merged(problem.terms, { $0.left }) else { return nil }
    // All rows as one index, or all but the first.
    for outer in 0...1 where outer <= problem.rows.count {
      let inner = problem.rows.dropFirst(outer)
      let count = inner.reduce(1) { $0 * $1.size }
      guard let leftStep = WindowProblem.merged(inner, { $0.left }),
        let outStep = WindowProblem.merged(inner, { $0.other }),
        var left = matrixOperand(
          rows: count, columns: terms, rowStep: leftStep, columnStep: termStep)
      else { continue }
      let first = problem.rows.prefix(outer).first
      left.batchStride = first?.left ?? 0
      let batch = first?.size ?? 1
      var product: MatrixProduct?
      var featuresFirst = false
      if features == 1 || problem.features.out == 1, count == 1 || outStep >= features {
        product = MatrixProduct(
          problem.type, rows: count, columns: features, inner: terms, batch: batch, left: left,
          right: entries.operand,
          out: .init(
            leadingDimension: count == 1 ? features : outStep, batchStride: first?.other ?? 0))
      } else if count == 1 || outStep == 1, problem.features.out >= count {
        featuresFirst = true
        product = MatrixProduct(
          problem.type, rows: features, columns: count, inner: terms, batch: batch,
          left: entries.operand.transposed, right: left.transposed,
          out: .init(leadingDimension: problem.features.out, batchStride: first?.other ?? 0))
      }
      guard let product else { continue }
      self.product = product
      self.problem = problem
      self.entries = entries
      self.featuresFirst = featuresFirst
      return
    }
    return nil
  }

  var scratchByteCount: Int { entries.byteCount }

  func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    let size = problem.itemSize
    let matrix = entries.prepare(right, scratch)
    let start = left + problem.leftStart &* size
    ThreadPool.forEach(problem.groups.size) { group in
      let windows = start + group * problem.groups.left * size
      let window = matrix + group * entries.groupStride * size
      let to = out + group * problem.groups.out * size
      if featuresFirst {
        product.run(out: to, left: window, right: windows)
      } else {
        product.run(out: to, left: windows, right: window)
      }
    }
  }
}
