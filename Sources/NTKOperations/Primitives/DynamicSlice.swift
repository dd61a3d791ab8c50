import NTKProgram
import NTKRuntime

/// A block of given sizes that begins at the places that the other operands say, one for each axis,
/// moved so that the block lies inside; `jax.lax.dynamic_slice`.
public struct DynamicSlice: LinearInOperands {
  public static let name = "dynamic_slice"
  public private(set) var sliceSizes: [Int] = []

  public init() {}
  public init(_ sliceSizes: [Int]) { self.sliceSizes = sliceSizes }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("slice_sizes", &sliceSizes)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard let array = operands.first else {
      throw .operandCount(expected: "at least 1", got: 0)
    }
    try operands.expect(count: 1 + array.rank)
    try expectStarts(operands.dropFirst(), offset: 1)
    guard sliceSizes.count == array.rank,
      zip(sliceSizes, array.shape).allSatisfy({ $0 >= 0 && $0 <= $1 })
    else {
      throw .parameter(
        "slice_sizes", expected: "a size for each axis of \(array.shape)", got: "\(sliceSizes)")
    }
    return [array.with(try Shape(sliceSizes))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let shape = operands[0].shape
    return .mapping(shape.indices.map { sliceSizes[$0] == shape[$0] ? $0 : nil })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> DynamicSlice { DynamicSlice(results[0].shape.sizes) }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    if axes.dropFirst().allSatisfy({ $0 == nil }) {
      let array = try b.move(operands[0], axis: axes[0] ?? 0, to: 0)
      let type = operands.count > 1 ? b.type(of: operands[1]).elementType : .i32
      let start = try b.full(.zero(type), .scalar)
      let result = try b.apply(
        DynamicSlice([size] + sliceSizes), [array, start] + operands.dropFirst())
      return (result, [0])
    }
    // Slices at many places at once.
    let array = try b.atBatchAxis(operands[0], axes[0], 0, size: size)
    var indices: [Value] = []
    for (axis, start) in operands.dropFirst().enumerated() {
      let last = b.shape(of: array)[axis + 1] - sliceSizes[axis]
      let moved = try b.atBatchAxis(start, axes[axis + 1], 0, size: size)
      let index = try b.clamped(moved, to: last)
      indices.append(try b.reshape(index, to: Shape([size, 1])))
    }
    var numbers = IndexNumbers()
    numbers.windowDims = Array(1..<(sliceSizes.count + 1))
    numbers.indexMap = Array(1..<(sliceSizes.count + 1))
    numbers.operandBatching = [0]
    numbers.indicesBatching = [0]
    let gather = Gather(numbers, sliceSizes: [1] + sliceSizes, mode: .fill)
    let vectors = try b.apply(Concatenate(1), indices)[0]
    return (try b.apply(gather, [array, vectors]), [0])
  }

  public func isLinear(known: [Bool]) -> Bool { !known[0] && !known.dropFirst().contains(false) }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let shape = b.shape(of: tangent)
    let partial = shape.indices.filter { sliceSizes[$0] != shape[$0] }
    guard partial.count == 1, sliceSizes[partial[0]] == 1 else {
      return try b.apply(self, [tangent] + operands.dropFirst())
    }
    // One entry of an axis: gathered, the tangent has a form.
    let axis = partial[0]
    let index = try b.clamped(operands[1 + axis], to: shape[axis] - 1)
    var numbers = IndexNumbers()
    numbers.windowDims = Array(0..<(shape.rank - 1))
    numbers.insertedDims = [axis]
    numbers.indexMap = [axis]
    let gather = Gather(numbers, sliceSizes: sliceSizes, mode: .fill)
    let entry = try b.one(gather, tangent, b.reshape(index, to: Shape([1])))
    return [try b.reshape(entry, to: Shape(sliceSizes))]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var results = [Value?](repeating: nil, count: operands.count)
    if let cotangent = cotangents[0], case .linear(let type) = operands[0] {
      let starts = operands.dropFirst().compactMap(\.value)
      results[0] = try b.apply(DynamicUpdateSlice(), [b.zeros(type), cotangent] + starts)[0]
    }
    return results
  }

  // The offset is known only while running, where a relation has a number.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (array, result) = (context.operands[0], context.results[0])
    let start = startOffset(array, context.operands.dropFirst(), sizes: sliceSizes)
    VectorLoops.copy(
      to: result.data, strides: result.byteStrides,
      from: array.data + start * array.elementType.byteCount, strides: array.byteStrides,
      sizes: sliceSizes, itemSize: array.elementType.byteCount)
  }
}

/// - Throws: `.elementType`, `.shape` unless all are integers without axes.
func expectStarts(_ starts: ArraySlice<ValueType>, offset: Int) throws(NTKError) {
  for (index, start) in starts.enumerated() {
    guard start.elementType.isInteger else {
      throw .elementType(
        "operand \(index + offset)", expected: "an integer", got: start.elementType)
    }
    guard start.rank == 0 else {
      throw .shape("operand \(index + offset)", expected: "()", got: start.shape)
    }
  }
}

/// Where a block of an array begins, in elements from the array's first.
func startOffset(
  _ array: ArrayReference, _ starts: ArraySlice<ArrayReference>, sizes: [Int]
) -> Int {
  var offset = 0
  for (axis, start) in starts.enumerated() {
    let last = array.sizes[axis] - sizes[axis]
    let literal = Literal(at: start.data, start.elementType)
    offset += literal.clampedInteger(to: last) * array.strides[axis]
  }
  return offset
}

extension Literal {
  /// An integer, at least 0 and at most `last`.
  func clampedInteger(to last: Int) -> Int {
    let bound = UInt64(max(last, 0))
    switch elementType {
    case .i32: return Int(min(UInt64(max(Int32(truncatingIfNeeded: bits), 0)), bound))
    case .i64: return Int(min(UInt64(max(Int64(bitPattern: bits), 0)), bound))
    default: return Int(min(bits, bound))
    }
  }
}

extension ProgramBuilder {
  /// Integers moved between 0 and `last`, as i64.
  mutating func clamped(_ value: Value, to last: Int) throws(NTKError) -> Value {
    let type = self.type(of: value)
    var result = value
    if type.elementType.isSigned { result = try one(Max(), result, zeros(type)) }
    let limit = Literal(last, type.elementType)
    // A type that cannot hold the bound stays below it.
    if limit.doubleValue == Double(last) {
      result = try minimum(result, full(limit, type.shape))
    }
    return try convert(result, to: .i64)
  }
}
