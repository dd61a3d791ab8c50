import CVectorLoops

/// Computes a block: results, operands, number of elements. The result may be an operand.
public typealias BlockFunction =
  @Sendable (UnsafeMutableRawPointer, UnsafePointer<UnsafeRawPointer>, Int) -> Void

/// Shape aspect: operands and result have one shape, and each element of the result depends on the
/// operands' elements at its place.
public protocol Elementwise: Primitive {
  /// Number of operands; nil: given by the operands themselves.
  static var operandCount: Int? { get }

  /// The element type of the result; throws if the operands' do not fit.
  func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType

  /// The loop over a block, resolved once for the element types.
  func block(_ operands: [ElementType]) -> BlockFunction?
}

extension Elementwise {
  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    if let count = Self.operandCount { try operands.expect(count: count) }
    guard let first = operands.first else {
      throw .operandCount(expected: "at least 1", got: 0)
    }
    guard operands.allSatisfy({ $0.shape == first.shape }) else {
      throw .shapesDiffer(operands.map(\.shape))
    }
    return [first.with(try resultElementType(operands.map(\.elementType)))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    .aligned(rank: operands[0].rank, operandCount: operands.count)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let (aligned, axis) = try b.alignBatch(operands, axes, size: size)
    return (try b.apply(self, aligned), [axis])
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    guard let block = block(context.operands.map(\.elementType)) else {
      throw .invariant("\(name) has no loop for its operands")
    }
    let pointers = context.operands.map { UnsafeRawPointer($0.data) }
    let result = context.results[0]
    pointers.withUnsafeBufferPointer {
      if let base = $0.baseAddress { block(result.data, base, result.elementCount) }
    }
  }
}

/// - Throws: `.elementTypesDiffer` unless all are the same.
public func expectOneElementType(_ types: [ElementType]) throws(NTKError) -> ElementType {
  guard let first = types.first, types.allSatisfy({ $0 == first }) else {
    throw .elementTypesDiffer(types)
  }
  return first
}
