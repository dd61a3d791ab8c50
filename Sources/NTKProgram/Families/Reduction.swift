import CVectorLoops
import NTKRuntime

/// Shape aspect: combines the elements along some axes, which the result lacks.
public protocol Reduction: Primitive {
  var axes: [Int] { get set }
  static var loop: ntk_reduction { get }
  static func check(_ elementType: ElementType) throws(NTKError)
}

extension Reduction {
  public init(_ axes: [Int]) {
    self.init()
    self.axes = axes
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    try Self.check(operands[0].elementType)
    try expectDistinctAxes(axes, rank: operands[0].rank)
    return [operands[0].with(operands[0].shape.removing(axes))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var next = 0
    return .mapping(
      operands[0].shape.indices.map { axis in
        if axes.contains(axis) { return nil }
        next += 1
        return next - 1
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes batchAxes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = batchAxes[0] ?? 0
    let shifted = axes.map { $0 < batch ? $0 : $0 + 1 }
    let result = try b.apply(Self(shifted), operands)
    return (result, [batch - shifted.filter { $0 < batch }.count])
  }

  /// The axes in groups of neighbours, sizes merged: (before, reduced, after) of the last group
  /// first, each applied to the result of the one before.
  private func passes(_ shape: Shape) -> [(outer: Int, reduce: Int, inner: Int)] {
    var sizes = shape.sizes
    var passes: [(outer: Int, reduce: Int, inner: Int)] = []
    var remaining = axes.sorted()
    while let last = remaining.popLast() {
      var first = last
      while let next = remaining.last, next == first - 1 {
        first = next
        remaining.removeLast()
      }
      passes.append(
        (
          sizes[..<first].reduce(1, *), sizes[first...last].reduce(1, *),
          sizes[(last + 1)...].reduce(1, *)
        ))
      sizes.removeSubrange(first...last)
    }
    return passes
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    // Results of all passes but the last stand in two halves by turns; the first is the largest.
    let passes = passes(operands[0].shape)
    guard passes.count > 1 else { return 0 }
    let counts = passes.dropLast().map { $0.outer * $0.inner }
    return 2 * (counts.max() ?? 0) * operands[0].elementType.byteCount
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    let type = operand.elementType
    guard let loop = ntk_find_reduction_loop(Self.loop, type.loop) else {
      throw .invariant("\(name) has no loop for \(type.name)")
    }
    let passes = passes(try Shape(operand.sizes))
    let result = context.results[0].data
    guard !passes.isEmpty else {
      result.copyMemory(from: operand.data, byteCount: operand.elementCount * type.byteCount)
      return
    }
    let largest = passes.dropLast().map { $0.outer * $0.inner }.max() ?? 0
    var source = UnsafeRawPointer(operand.data)
    for (index, pass) in passes.enumerated() {
      let isLast = index == passes.count - 1
      guard
        let target = isLast
          ? result : context.scratch.map({ $0 + (index % 2) * largest * type.byteCount })
      else { throw .invariant("\(name) was given no scratch memory") }
      reduceInParallel(loop, source, target, pass, itemSize: type.byteCount)
      source = UnsafeRawPointer(target)
    }
  }
}

extension ProgramBuilder {
  /// What a reduction gives that combines nothing: the operand without axes of size 1; nil if one of
  /// them is longer.
  public mutating func withoutSingleAxes(
    _ operand: Value, _ axes: [Int]
  ) throws(NTKError) -> [Value]? {
    let shape = self.shape(of: operand)
    guard axes.allSatisfy({ shape[$0] == 1 }) else { return nil }
    return [try reshape(operand, to: shape.removing(axes))]
  }
}

/// Cuts a reduction into pieces fixed by its sizes: the order of a sum must not depend on the
/// number of threads.
private func reduceInParallel(
  _ loop: ntk_reduction_loop, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer,
  _ sizes: (outer: Int, reduce: Int, inner: Int), itemSize: Int
) {
  let (outer, reduce, inner) = sizes
  guard inner > 0 else { return }
  let grain = 1 << 15
  nonisolated(unsafe) let source = source
  nonisolated(unsafe) let target = target
  if outer > 1 {
    let rows = max(1, grain / max(1, reduce * inner))
    ThreadPool.forEachRange(outer, grain: rows) { range in
      loop(
        target + range.lowerBound * inner * itemSize,
        source + range.lowerBound * reduce * inner * itemSize, range.count, reduce, inner, inner)
    }
  } else {
    let columns = max(64, grain / max(1, reduce))
    ThreadPool.forEachRange(inner, grain: columns) { range in
      loop(
        target + range.lowerBound * itemSize, source + range.lowerBound * itemSize, outer, reduce,
        range.count, inner)
    }
  }
}
