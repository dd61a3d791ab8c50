import NTKProgram

/// The first operand's elements at the places that the windows of the second choose; 0 for an empty
/// window.
public struct SelectAndGatherAdd: WindowSelection {
  public typealias Transpose = SelectAndScatterAdd
  public static let name = "select_and_gather_add"
  public var windows = WindowParameters()
  public var choice = WindowChoice.ge

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try check(operands)
    guard operands[0].shape == operands[1].shape else {
      throw .shapesDiffer(operands.map(\.shape))
    }
    return [operands[0].with(try windows.resultShape(operands[1].shape))]
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (values, result) = (context.operands[0], context.results[0])
    guard result.elementCount > 0 else { return }
    func gather<T: FloatingPoint>(_: T.Type) throws(NTKError) {
      let source = values.data.assumingMemoryBound(to: T.self)
      let target = result.data.assumingMemoryBound(to: T.self)
      try forEachRow(
        context.operands[1], positions: result.sizes, positionStrides: result.strides,
        elementStrides: values.strides, scratch: context.scratch, sharesElements: false
      ) { row in
        row.visit { place, element in target[place] = element.map { source[$0] } ?? 0 }
      }
    }
    if values.elementType == .f32 { try gather(Float.self) } else { try gather(Double.self) }
  }
}
