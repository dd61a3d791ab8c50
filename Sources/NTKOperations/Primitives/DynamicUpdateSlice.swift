import NTKProgram
import NTKRuntime

/// The first operand with the second in the place of a block, which begins where the other operands
/// say, one for each axis, moved so that it lies inside; `jax.lax.dynamic_update_slice`.
public struct DynamicUpdateSlice: LinearInOperands {
  public static let name = "dynamic_update_slice"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard operands.count >= 2 else {
      throw .operandCount(expected: "at least 2", got: operands.count)
    }
    let (array, update) = (operands[0], operands[1])
    guard array.elementType == update.elementType else {
      throw .elementTypesDiffer([array.elementType, update.elementType])
    }
    guard array.rank == update.rank, zip(update.shape, array.shape).allSatisfy({ $0 <= $1 }) else {
      throw .shape("operand 1", expected: "a block of \(array.shape)", got: update.shape)
    }
    try operands.expect(count: 2 + array.rank)
    try expectStarts(operands.dropFirst(2), offset: 2)
    return [array]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let (array, update) = (operands[0].shape, operands[1].shape)
    return AxisFlow(
      array.indices.filter { array[$0] == update[$0] }.map { axis in
        .init(
          operands: [AxisReference(0, axis), AxisReference(1, axis)],
          results: [AxisReference(0, axis)])
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> DynamicUpdateSlice { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let array = try b.atBatchAxis(operands[0], axes[0], 0, size: size)
    let update = try b.atBatchAxis(operands[1], axes[1], 0, size: size)
    let starts = Array(operands.dropFirst(2))
    if axes.dropFirst(2).allSatisfy({ $0 == nil }) {
      let type = starts.first.map { b.type(of: $0).elementType } ?? .i32
      let start = try b.full(.zero(type), .scalar)
      return (try b.apply(self, [array, update, start] + starts), [0])
    }
    var moved: [Value] = []
    for (start, axis) in zip(starts, axes.dropFirst(2)) {
      moved.append(try b.atBatchAxis(start, axis, 0, size: size))
    }
    return ([try spread(update, over: array, moved, size: size, in: &b)], [0])
  }

  /// Blocks at many places: along each axis, every place of the array takes its entry of the update
  /// where there is one, which a mask says.
  private func spread(
    _ update: Value, over array: Value, _ starts: [Value], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let shape = b.shape(of: array)
    var value = update
    var mask: Value?
    for (position, start) in starts.enumerated() {
      let axis = position + 1
      let length = b.shape(of: update)[axis]
      guard length != shape[axis] else { continue }
      let places = try Shape([size, shape[axis]])
      let first = try b.broadcast(
        b.clamped(start, to: shape[axis] - length), to: places, axes: [0])
      let offset = try b.sub(b.one(Iota(.i64, places.sizes, dimension: 1)), first)
      let isAfter = try b.one(Ge(), offset, b.zeros(b.type(of: offset)))
      let isBefore = try b.one(Lt(), offset, b.full(Literal(length, .i64), places))
      let inside = try b.broadcast(b.one(And(), isAfter, isBefore), to: shape, axes: [0, axis])
      mask = try mask.map { other throws(NTKError) in try b.one(And(), other, inside) } ?? inside
      var numbers = IndexNumbers()
      let rank = shape.rank
      numbers.windowDims = (1..<rank).filter { $0 != axis }
      numbers.insertedDims = [axis]
      numbers.indexMap = [axis]
      numbers.operandBatching = [0]
      numbers.indicesBatching = [0]
      var sliceSizes = b.shape(of: value).sizes
      sliceSizes[0] = 1
      sliceSizes[axis] = 1
      let gather = Gather(numbers, sliceSizes: sliceSizes, mode: .fill)
      // Slices stand with the axes of the indices first among those that are not windows.
      value = try b.one(
        gather, value, b.reshape(offset, to: Shape([size, shape[axis], 1])))
    }
    guard let mask else { return value }
    return try b.select(mask, value, array)
  }

  public func isLinear(known: [Bool]) -> Bool {
    !known[0] && !known[1] && !known.dropFirst(2).contains(false)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard tangents[0] != nil || tangents[1] != nil else { return [nil] }
    let array = try b.instantiate(tangents[0], b.type(of: operands[0]))
    let update = try b.instantiate(tangents[1], b.type(of: operands[1]))
    return try b.apply(self, [array, update] + operands.dropFirst(2))
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var results = [Value?](repeating: nil, count: operands.count)
    guard let cotangent = cotangents[0] else { return results }
    let starts = operands.dropFirst(2).compactMap(\.value)
    if case .linear(let type) = operands[1] {
      results[1] = try b.apply(DynamicSlice(type.shape.sizes), [cotangent] + starts)[0]
      if operands[0].isLinear {
        results[0] = try b.apply(self, [cotangent, b.zeros(type)] + starts)[0]
      }
    } else if let update = operands[1].value {
      let zeros = try b.zeros(b.type(of: update))
      results[0] = try b.apply(self, [cotangent, zeros] + starts)[0]
    }
    return results
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (array, update, result) = (context.operands[0], context.operands[1], context.results[0])
    let size = array.elementType.byteCount
    VectorLoops.copy(
      to: result.data, strides: result.byteStrides, from: array.data, strides: array.byteStrides,
      sizes: array.sizes, itemSize: size)
    let start = startOffset(result, context.operands.dropFirst(2), sizes: update.sizes)
    VectorLoops.copy(
      to: result.data + start * size, strides: result.byteStrides, from: update.data,
      strides: update.byteStrides, sizes: update.sizes, itemSize: size)
  }
}
