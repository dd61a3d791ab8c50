import NTKProgram

/// The `k` greatest elements along an axis, in falling order, and their places, i32; of equal ones
/// the first. The order is IEEE 754's totalOrder: NaN before all numbers, 0 before -0.
public struct TopK: Primitive {
  public static let name = "top_k"
  public private(set) var count = 1
  public private(set) var axis = 0

  public init() {}

  public init(_ count: Int, axis: Int) {
    self.count = count
    self.axis = axis
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("k", &count)
    try coder.code("axis", &axis)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let shape = operands[0].shape
    try expectDistinctAxes([axis], rank: shape.rank)
    guard (0...shape[axis]).contains(count) else {
      throw .parameter("k", expected: "0 to \(shape[axis])", got: "\(count)")
    }
    guard shape[axis] <= Int(Int32.max) else {
      throw .shape(
        "operand 0", expected: "up to 2³¹ - 1 elements along axis \(axis)", got: shape)
    }
    var sizes = shape.sizes
    sizes[axis] = count
    let result = try Shape(sizes)
    return [operands[0].with(result), ValueType(.i32, result)]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    AxisFlow(
      operands[0].shape.indices.filter { $0 != axis }.map { axis in
        .init(
          operands: [AxisReference(0, axis)],
          results: [AxisReference(0, axis), AxisReference(1, axis)])
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> TopK { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    let new = TopK(count, axis: batch <= axis ? axis + 1 : axis)
    return (try b.apply(new, operands), [batch, batch])
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil, nil] }
    return [try b.takeAlong(axis, tangent, at: results[1]), nil]
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    SortedRows(operands[0].shape.sizes, axis: axis).scratchByteCount
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    let (values, places) = (context.results[0], context.results[1])
    guard values.elementCount > 0 else { return }
    guard let scratch = context.scratch else {
      throw .invariant("top_k was given no scratch memory")
    }
    let rows = SortedRows(operand.sizes, axis: axis)
    let type = operand.elementType
    let (size, inner, length, count) = (type.byteCount, rows.inner, rows.length, count)
    let room = min(length, max(4 * count, 256))
    rows.forEach(scratch: scratch) { start, row, items, more in
      let source = UnsafeRawPointer(operand.data) + start * size
      // Candidates gather in front. When they are many, the best are kept, the least of which is the
      // bound for what follows: of equal ones the first is better.
      var (kept, bound) = (0, UInt64?.none)
      for place in 0..<length {
        let key = SortKey.fallingTotalOrder.key(source + place * inner * size, type)
        if let bound, key >= bound { continue }
        items[kept] = StableOrder.Item(key: key, place: place)
        kept += 1
        if kept == room {
          StableOrder.sort(items, scratch: more, count: kept)
          kept = count
          bound = items[count - 1].key
        }
      }
      StableOrder.sort(items, scratch: more, count: kept)
      let first = row / inner * count * inner + row % inner
      moveItems(
        from: source, to: values.data + first * size, step: inner * size, items, count, size)
      let target = places.data.assumingMemoryBound(to: Int32.self) + first
      for index in 0..<count {
        target[index * inner] = Int32(truncatingIfNeeded: items[index].place)
      }
    }
  }
}
