import NTKProgram

/// Zeros of the second operand's shape, to which the first operand's elements are added at the places
/// that the windows of the second choose.
public struct SelectAndScatterAdd: WindowSelection {
  public typealias Transpose = SelectAndGatherAdd
  public static let name = "select_and_scatter_add"
  public var windows = WindowParameters()
  public var choice = WindowChoice.ge

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try check(operands)
    let expected = try windows.resultShape(operands[1].shape)
    guard operands[0].shape == expected else {
      throw .shape(
        "operand 0", expected: "\(expected), one element a window", got: operands[0].shape)
    }
    return [operands[1]]
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let (values, result) = (context.operands[0], context.results[0])
    result.data.initializeMemory(
      as: UInt8.self, repeating: 0, count: result.elementCount * result.elementType.byteCount)
    guard values.elementCount > 0, result.elementCount > 0 else { return }
    func scatter<T: FloatingPoint>(_: T.Type) throws(NTKError) {
      let source = values.data.assumingMemoryBound(to: T.self)
      let target = result.data.assumingMemoryBound(to: T.self)
      try forEachRow(
        context.operands[1], positions: values.sizes, positionStrides: values.strides,
        elementStrides: result.strides, scratch: context.scratch, sharesElements: true
      ) { row in
        row.visit { place, element in if let element { target[element] += source[place] } }
      }
    }
    if values.elementType == .f32 { try scatter(Float.self) } else { try scatter(Double.self) }
  }
}
