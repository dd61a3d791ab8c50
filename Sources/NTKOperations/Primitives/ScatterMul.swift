import CVectorLoops
import NTKProgram

/// An array multiplied by slices at places that index vectors give; `jax.lax.scatter_mul`.
public struct ScatterMul: LinearInOperands, Scattering {
  public static let name = "scatter_mul"
  static let combination: ntk_binary_operation? = NTK_LOOP_MUL
  var numbers = IndexNumbers()
  public internal(set) var mode = IndexMode.fill
  /// A promise that no two slices meet, which the derivative by the slices needs.
  public internal(set) var hasUniqueIndices = false

  public init() {}

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try codeIndexing(&coder)
    try coder.code("unique_indices", &hasUniqueIndices, default: false)
  }

  static func check(_ elementType: ElementType) throws(NTKError) {
    _ = try expectNumber(elementType)
  }

  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] && known[2] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var scaled: Value?
    if let array = tangents[0] {
      var new = self
      if mode == .error { new.mode = .fill }
      scaled = try b.apply(new, [array, operands[1], operands[2]])[0]
    }
    guard let updates = tangents[2] else { return [scaled] }
    guard hasUniqueIndices else {
      throw .unsupported(
        "scatter_mul has a derivative by the updates where unique_indices is true only")
    }
    let zeros = try b.zeros(b.type(of: operands[0]))
    let add = ScatterAdd(numbers, mode: mode == .error ? .fill : mode)
    let placed = try b.one(add, zeros, operands[1], updates)
    let product = try b.mul(placed, operands[0])
    return [try b.sum(scaled, product)]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let indices = operands[1].value,
      let updates = operands[2].value
    else { return [nil, nil, nil] }
    return [try b.apply(self, [cotangent, indices, updates])[0], nil, nil]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    nil
  }
}
