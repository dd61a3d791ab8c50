import NTKProgram

/// Arrays of one shape, each sorted along a dimension by the first `num_keys` of them, the first
/// before the second and so on; equal ones keep their order. -0 equals 0, and NaN comes last.
public struct Sort: Primitive {
  public static let name = "sort"
  public private(set) var dimension = 0
  /// Equal ones keep their order in either case.
  public private(set) var isStable = true
  public private(set) var keyCount = 1

  public init() {}

  public init(_ dimension: Int, keyCount: Int = 1) {
    self.dimension = dimension
    self.keyCount = keyCount
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("dimension", &dimension)
    try coder.code("is_stable", &isStable, default: true)
    try coder.code("num_keys", &keyCount, default: 1)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard let first = operands.first else {
      throw .operandCount(expected: "at least 1", got: 0)
    }
    guard operands.allSatisfy({ $0.shape == first.shape }) else {
      throw .shapesDiffer(operands.map(\.shape))
    }
    try expectDistinctAxes([dimension], rank: first.rank)
    guard (1...operands.count).contains(keyCount) else {
      throw .parameter("num_keys", expected: "1 to \(operands.count)", got: "\(keyCount)")
    }
    return operands
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    AxisFlow(
      operands[0].shape.indices.filter { $0 != dimension }.map { axis in
        let references = operands.indices.map { AxisReference($0, axis) }
        return .init(operands: references, results: references)
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Sort { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let (aligned, axis) = try b.alignBatch(operands, axes, size: size)
    var new = self
    if axis <= dimension { new.dimension += 1 }
    return (try b.apply(new, aligned), operands.map { _ in axis })
  }

  // The tangents go where the elements go: places are sorted with the keys.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let shape = b.shape(of: operands[0])
    let iota = try b.one(Iota(.i64, shape.sizes, dimension: dimension))
    let keys = Array(operands.prefix(keyCount))
    let sorted = try b.apply(Sort(dimension, keyCount: keyCount), keys + [iota])
    var moved: [Value?] = []
    for tangent in tangents {
      guard let tangent else {
        moved.append(nil)
        continue
      }
      moved.append(try b.takeAlong(dimension, tangent, at: sorted[keyCount]))
    }
    return moved
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    SortedRows(operands[0].shape.sizes, axis: dimension).scratchByteCount
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (operands, results) = (context.operands, context.results)
    guard operands[0].elementCount > 0 else { return }
    guard let scratch = context.scratch else {
      throw .invariant("sort was given no scratch memory")
    }
    let rows = SortedRows(operands[0].sizes, axis: dimension)
    let (length, inner) = (rows.length, rows.inner)
    rows.forEach(scratch: scratch) { start, _, items, more in
      for place in 0..<length { items[place].place = place }
      // The last key first: each sorting keeps the order of those before it among equals.
      for operand in operands[..<keyCount].reversed() {
        let type = operand.elementType
        let source = UnsafeRawPointer(operand.data) + start * type.byteCount
        let step = inner * type.byteCount
        for index in 0..<length {
          items[index].key = SortKey.numbers.key(source + items[index].place * step, type)
        }
        StableOrder.sort(items, scratch: more, count: length)
      }
      for (operand, result) in zip(operands, results) {
        let size = operand.elementType.byteCount
        moveItems(
          from: operand.data + start * size, to: result.data + start * size, step: inner * size,
          items, length, size)
      }
    }
  }

  // Of up to one element each.
  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.shape(of: operands[0])[dimension] <= 1 ? operands : nil
  }
}

/// Copies the elements at the items' places, one after another; steps in bytes.
func moveItems(
  from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, step: Int,
  _ items: UnsafeMutablePointer<StableOrder.Item>, _ count: Int, _ size: Int
) {
  switch size {
  case 8:
    for index in 0..<count {
      (target + index * step).storeBytes(
        of: (source + items[index].place * step).load(as: UInt64.self), as: UInt64.self)
    }
  case 4:
    for index in 0..<count {
      (target + index * step).storeBytes(
        of: (source + items[index].place * step).load(as: UInt32.self), as: UInt32.self)
    }
  default:
    for index in 0..<count {
      (target + index * step).copyMemory(
        from: source + items[index].place * step, byteCount: size)
    }
  }
}

extension ProgramBuilder {
  /// Elements at places along an axis: as NumPy's take_along_axis. The places are inside.
  mutating func takeAlong(
    _ axis: Int, _ array: Value, at places: Value
  ) throws(NTKError) -> Value {
    let rank = shape(of: array).rank
    let others = (0..<rank).filter { $0 != axis }
    var numbers = IndexNumbers()
    numbers.insertedDims = [axis]
    numbers.indexMap = [axis]
    numbers.operandBatching = others
    numbers.indicesBatching = others
    let indices = try reshape(places, to: shape(of: places).inserting(1, at: rank))
    let sizes = [Int](repeating: 1, count: rank)
    return try one(Gather(numbers, sliceSizes: sizes, mode: .fill), array, indices)
  }
}
