import CVectorLoops
import NTKProgram

/// The sum of the elements in each window; 0 where there is none.
public struct ReduceWindowSum: WindowReduction, Linear {
  public static let name = "reduce_window_sum"
  public static let loop = NTK_LOOP_ADD
  public static let reduction = NTK_LOOP_REDUCE_SUM
  public var windows = WindowParameters()

  public init() {}

  public static func check(_ elementType: ElementType) throws(NTKError) {
    guard elementType != .bool else {
      throw .elementType("operand 0", expected: "a number", got: elementType)
    }
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    let shape = b.shape(of: cotangent)
    guard shape.elementCount > 0, type.shape.elementCount > 0 else { return [try b.zeros(type)] }
    let axes = zip(windows.axes(type.shape), shape).map { $0.transposed($1) }
    return [try b.one(ReduceWindowSum(WindowParameters(axes)), cotangent)]
  }

  // y[p] = Σ over w of u[h]
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    var form = LinearForm(labels: [], result: [], operand: [])
    for axis in windows.axes(operands[0].shape) {
      guard let labels = form.addWindow(axis) else { return nil }
      form.operand.append([labels.operand])
      form.result.append([labels.result])
    }
    return form
  }
}
