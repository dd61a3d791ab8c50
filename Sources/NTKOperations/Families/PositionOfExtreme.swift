import NTKProgram
import NTKRuntime

/// Shape aspect: where along one axis, which the result lacks, an element stands that is better
/// than all before and no worse than all after it.
protocol PositionOfExtreme: NotDifferentiable {
  /// One axis; a list because jax.lax's is.
  var axes: [Int] { get set }
  var indexType: ElementType { get set }
  static func isBetter<T: Comparable>(_ x: T, than best: T) -> Bool
}

extension PositionOfExtreme {
  public init(axis: Int, indexType: ElementType) {
    self.init()
    axes = [axis]
    self.indexType = indexType
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axes", &axes)
    try coder.code("index_dtype", &indexType)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    guard axes.count == 1 else {
      throw .parameter("axes", expected: "one axis", got: "\(axes)")
    }
    try expectDistinctAxes(axes, rank: operands[0].rank)
    guard indexType.isInteger else {
      throw .elementType("index_dtype", expected: "an integer", got: indexType)
    }
    guard operands[0].shape[axes[0]] > 0 else {
      throw .shape(
        "operand 0", expected: "at least one element along axis \(axes[0])",
        got: operands[0].shape)
    }
    return [ValueType(indexType, operands[0].shape.removing(axes))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    .mapping(
      operands[0].shape.indices.map { $0 == axes[0] ? nil : $0 < axes[0] ? $0 : $0 - 1 })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes batchAxes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let operand = try b.move(operands[0], axis: batchAxes[0] ?? 0, to: 0)
    return (try b.apply(Self(axis: axes[0] + 1, indexType: indexType), [operand]), [0])
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    switch operand.elementType {
    case .f32: find(Float.self, operand, context.results[0])
    case .f64: find(Double.self, operand, context.results[0])
    case .i32: find(Int32.self, operand, context.results[0])
    case .i64: find(Int64.self, operand, context.results[0])
    case .u8, .bool: find(UInt8.self, operand, context.results[0])
    case .u32: find(UInt32.self, operand, context.results[0])
    case .u64: find(UInt64.self, operand, context.results[0])
    }
  }

  private func find<T: Comparable>(
    _ type: T.Type, _ operand: ArrayReference, _ result: ArrayReference
  ) {
    let length = operand.sizes[axes[0]]
    let inner = operand.sizes[(axes[0] + 1)...].reduce(1, *)
    nonisolated(unsafe) let source = operand.data.assumingMemoryBound(to: T.self)
    let (indexType, size) = (indexType, indexType.byteCount)
    nonisolated(unsafe) let target = result.data
    let grain = max(1, (1 << 15) / length)
    ThreadPool.forEachRange(result.elementCount, grain: grain) { range in
      for element in range {
        let start = source + element / inner * length * inner + element % inner
        var best = start[0]
        var place = 0
        // A NaN is not equal to itself.
        if best == best {
          for index in 1..<max(length, 1) {
            let x = start[index * inner]
            if Self.isBetter(x, than: best) || x != x {
              best = x
              place = index
              if x != x { break }
            }
          }
        }
        Literal(place, indexType).store(to: target + element * size)
      }
    }
  }
}
