import CVectorLoops
import NTKProgram
import NTKRuntime

/// Shape aspect: combines the elements in windows.
public protocol WindowReduction: Primitive {
  var windows: WindowParameters { get set }
  static var loop: ntk_binary_operation { get }
  /// Its value of no elements is that of an empty window.
  static var reduction: ntk_reduction { get }
  static func check(_ elementType: ElementType) throws(NTKError)
}

extension WindowReduction {
  public init(_ windows: WindowParameters) {
    self.init()
    self.windows = windows
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try windows.code(&coder)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    try Self.check(operands[0].elementType)
    return [operands[0].with(try windows.resultShape(operands[0].shape))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    windows.axisFlow(operands[0].shape, operandCount: 1)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let axis = axes[0] ?? 0
    return (try b.apply(Self(windows.inserting(at: axis)), operands), [axis])
  }

  /// One axis after the other, those that shrink most first.
  private func passes(_ shape: Shape) -> [(outer: Int, inner: Int, axis: WindowAxis)] {
    let axes = windows.axes(shape)
    var sizes = shape.sizes
    let order = axes.indices.filter { !axes[$0].isUntouched }.sorted {
      let (a, b) = (axes[$0], axes[$1])
      let (x, y) = (
        Double(a.positions) / Double(max(a.size, 1)), Double(b.positions) / Double(max(b.size, 1))
      )
      return x == y ? $0 < $1 : x < y
    }
    return order.map { number in
      let pass = (
        outer: sizes[..<number].reduce(1, *), inner: sizes[(number + 1)...].reduce(1, *),
        axis: axes[number]
      )
      sizes[number] = axes[number].positions
      return pass
    }
  }

  /// Bytes of each half in which the results of all passes but the last stand by turns.
  private func halfByteCount(_ shape: Shape, _ elementType: ElementType) throws(NTKError) -> Int {
    var largest = 0
    for pass in passes(shape).dropLast() {
      largest = max(
        largest, try Shape([pass.outer, pass.axis.positions, pass.inner]).elementCount)
    }
    return largest * elementType.byteCount
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    let half = try halfByteCount(operands[0].shape, operands[0].elementType)
    return passes(operands[0].shape).count > 2 ? [half, half].saturatingSum() : half
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    let result = context.results[0]
    let type = operand.elementType
    guard result.elementCount > 0 else { return }
    let shape = try Shape(operand.sizes)
    guard let pass = WindowPass(Self.loop, Self.reduction, type) else {
      throw .invariant("\(name) has no loop for \(type.name)")
    }
    let passes = passes(shape)
    guard !passes.isEmpty else {
      result.data.copyMemory(
        from: operand.data, byteCount: operand.elementCount * type.byteCount)
      return
    }
    let half = try halfByteCount(shape, type)
    var source = UnsafeRawPointer(operand.data)
    for (index, step) in passes.enumerated() {
      let isLast = index == passes.count - 1
      guard let target = isLast ? result.data : context.scratch.map({ $0 + index % 2 * half })
      else { throw .invariant("\(name) was given no scratch memory") }
      pass.run(step.axis, outer: step.outer, inner: step.inner, from: source, to: target)
      source = UnsafeRawPointer(target)
    }
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    windows.axes(b.shape(of: operands[0])).allSatisfy(\.isUntouched) ? operands : nil
  }
}

/// Windows over the middle axis of [outer, size, inner].
private struct WindowPass {
  private let loop: ntk_binary_loop
  private let identity: [UInt8]
  private let itemSize: Int

  /// Elements of the result that are worked on together; a multiple of them for a thread.
  private static let block = 4096
  private static let grain = 4
  /// Rows shorter than this are combined several at a time.
  private static let shortest = 16
  private static let gathered = 1024

  init?(_ operation: ntk_binary_operation, _ reduction: ntk_reduction, _ type: ElementType) {
    guard let loop = ntk_find_binary_loop(operation, type.loop),
      let reduce = ntk_find_reduction_loop(reduction, type.loop)
    else { return nil }
    self.loop = loop
    itemSize = type.byteCount
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.withUnsafeMutableBytes { bytes in
      if let base = bytes.baseAddress { reduce(base, base, 1, 0, 1, 1) }
    }
    identity = Array(bytes.prefix(itemSize))
  }

  func run(
    _ original: WindowAxis, outer: Int, inner: Int, from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let positions = original.positions
    let axis = original.normalized
    let rows = min(max(Self.block / inner, 1), positions)
    let blocks = (positions - 1) / rows + 1
    // Short axes are worked on together.
    let together = blocks > 1 ? 1 : max(Self.block / (positions * inner), 1)
    let pieces = (outer - 1) / together + 1
    let size = itemSize
    ThreadPool.forEachRange(pieces * blocks, grain: Self.grain) { range in
      for item in range {
        let first = item % blocks * rows
        let count = min(rows, positions - first)
        let start = item / blocks * together
        let lines = Lines(
          count: min(together, outer - start), source: axis.size * inner * size,
          target: positions * inner * size)
        let to = target + (start * positions + first) * inner * size
        identity.withUnsafeBytes { bytes in
          if let base = bytes.baseAddress {
            ntk_fill(to, base, size, lines.count * count * inner)
          }
        }
        combine(
          axis, first..<(first + count), inner, lines,
          source + start * axis.size * inner * size, to)
      }
    }
  }

  /// Neighbours along the axes before, and how many bytes they are apart.
  private struct Lines {
    let count: Int
    let source: Int
    let target: Int
  }

  /// Combines all entries of the windows at some positions; `to` is the first of them.
  private func combine(
    _ axis: WindowAxis, _ positions: Range<Int>, _ inner: Int, _ lines: Lines,
    _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    guard axis.size > 0 else { return }
    let span = axis.baseDilation * (axis.size - 1)
    let (first, last) = (positions.lowerBound, positions.upperBound - 1)
    // 0 ≤ stride · p + dilation · w - low ≤ span
    let lowest = max(WindowPass.quotientUp(axis.low - axis.stride * last, axis.dilation), 0)
    let highest = min(
      WindowPass.quotientDown(span + axis.low - axis.stride * first, axis.dilation),
      axis.window - 1)
    guard lowest <= highest else { return }
    for entry in lowest...highest {
      let offset = axis.dilation * entry - axis.low
      var begin = max(WindowPass.quotientUp(-offset, axis.stride), first)
      let end = min(WindowPass.quotientDown(span - offset, axis.stride), last)
      var step = 1
      if axis.baseDilation > 1 {
        // Positions whose window meets an element there come at even distances.
        while begin <= end, (axis.stride * begin + offset) % axis.baseDilation != 0 { begin += 1 }
        guard begin <= end else { continue }
        step = axis.baseDilation / WindowPass.divisor(axis.baseDilation, axis.stride)
      }
      guard begin <= end else { continue }
      combineRows(
        count: (end - begin) / step + 1, inner, lines,
        from: from + (axis.stride * begin + offset) / axis.baseDilation * inner * itemSize,
        by: axis.stride &* step / axis.baseDilation, to: to + (begin - first) * inner * itemSize,
        by: step)
    }
  }

  /// Combines `count` rows of `inner` elements of each line, which are some rows apart.
  private func combineRows(
    count: Int, _ inner: Int, _ lines: Lines, from: UnsafeRawPointer, by sourceStep: Int,
    to: UnsafeMutableRawPointer, by targetStep: Int
  ) {
    let row = inner * itemSize
    let isRun = count == 1 || sourceStep == 1 && targetStep == 1
    let length = isRun ? count * inner : inner
    if length >= Self.shortest || isRun && lines.count == 1 {
      for line in 0..<lines.count {
        for index in 0..<(isRun ? 1 : count) {
          let place = to + line * lines.target + index * targetStep * row
          loop(place, place, from + line * lines.source + index * sourceStep * row, length)
        }
      }
      return
    }
    // A single row has no step, which could be too long for an integer.
    let (sourceRow, targetRow) = count == 1 ? (row, row) : (sourceStep * row, targetStep * row)
    let rows = min(max(Self.gathered / inner, 1), count)
    let some = min(max(Self.gathered / (rows * inner), 1), lines.count)
    let capacity = some * rows * row
    withUnsafeTemporaryAllocation(byteCount: 2 * capacity, alignment: 64) { memory in
      guard let left = memory.baseAddress else { return }
      let right = left + capacity
      for line in stride(from: 0, to: lines.count, by: some) {
        for start in stride(from: 0, to: count, by: rows) {
          let sizes = [min(some, lines.count - line), min(rows, count - start), inner]
          let packed = [sizes[1] * row, row, itemSize]
          let spread = [lines.target, targetRow, itemSize]
          let place = to + line * lines.target + start * targetRow
          ntk_copy(
            right, packed, from + line * lines.source + start * sourceRow,
            [lines.source, sourceRow, itemSize], sizes, 3, itemSize)
          ntk_copy(left, packed, place, spread, sizes, 3, itemSize)
          loop(left, left, right, sizes[0] * sizes[1] * inner)
          ntk_copy(place, spread, left, packed, sizes, 3, itemSize)
        }
      }
    }
  }

  private static func quotientDown(_ x: Int, _ divisor: Int) -> Int {
    x >= 0 ? x / divisor : -((-x - 1) / divisor) - 1
  }

  private static func quotientUp(_ x: Int, _ divisor: Int) -> Int {
    x <= 0 ? -(-x / divisor) : (x - 1) / divisor + 1
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
