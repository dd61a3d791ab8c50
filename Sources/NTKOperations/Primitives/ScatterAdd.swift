import CVectorLoops
import NTKProgram

/// An array with slices added at places that index vectors give; `jax.lax.scatter_add`. Slices at
/// one place are added in the order of the index vectors.
public struct ScatterAdd: LinearInOperands, Scattering {
  public static let name = "scatter_add"
  static let combination: ntk_binary_operation? = NTK_LOOP_ADD
  var numbers = IndexNumbers()
  public internal(set) var mode = IndexMode.fill

  public init() {}

  static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectNumber(elementType)
  }

  // Linear in array and updates together; with one known it is affine.
  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] && !known[2] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let updates = tangents[2] else { return [tangents[0]] }
    let (indices, mode) = try numbers.checkedIndices(
      operands[1], mode, b.shape(of: operands[0]), in: &b)
    let array = try b.instantiate(tangents[0], b.type(of: operands[0]))
    return [try b.one(ScatterAdd(numbers, mode: mode), array, indices, updates)]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let indices = operands[1].value else {
      return [nil, nil, nil]
    }
    guard case .linear(let updates) = operands[2] else { return [cotangent, nil, nil] }
    let gather = gather(b.shape(of: cotangent), updates.shape, mode: mode)
    return [cotangent, nil, try b.one(gather, cotangent, indices)]
  }

  // y[v, d] = Σ u[n, p, d], v = ids[n, p]; clipped indices are not the table's.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    if operand == 0 { return .identity(operands[0].shape) }
    guard operand == 2, mode != .clip,
      let row = numbers.rowForm(operands[0].shape, operands[1].shape, operands[2].shape)
    else { return nil }
    var form = LinearForm(labels: row.labels, result: row.array, operand: row.slices)
    form.relations = [row.relation]
    return form
  }
}
