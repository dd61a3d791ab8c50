/// Shape aspect: no operands; the result follows from the parameters.
public protocol Creation: NotDifferentiable {
  var resultType: ValueType { get throws(NTKError) }
}

extension Creation {
  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 0)
    return [try resultType]
  }

  // Without operands there is nothing that could be mapped.
  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    (try b.apply(self, operands), [nil])
  }

  public var evaluation: EvaluationTraits { .cheap }
}
