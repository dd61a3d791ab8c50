import CVectorLoops
import NTKProgram

/// An array with slices put at places that index vectors give; `jax.lax.scatter`. Of slices at one
/// place the last, in the order of the index vectors, is there.
public struct Scatter: LinearInOperands, Scattering {
  public static let name = "scatter"
  static let combination: ntk_binary_operation? = nil
  var numbers = IndexNumbers()
  public internal(set) var mode = IndexMode.fill
  /// A promise that no two slices meet, which saves the derivative the search for those that stay.
  public internal(set) var hasUniqueIndices = false

  public init() {}

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try codeIndexing(&coder)
    try coder.code("unique_indices", &hasUniqueIndices, default: false)
  }

  static func check(_ elementType: ElementType) throws(NTKError) {}

  // Linear in array and updates together: the indices decide which is where.
  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] && !known[2] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let array = try b.instantiate(tangents[0], b.type(of: operands[0]))
    let updates = try b.instantiate(tangents[2], b.type(of: operands[2]))
    var new = self
    if mode == .error { new.mode = .fill }
    return try b.apply(new, [array, operands[1], updates])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let indices = operands[1].value,
      case .linear(let updates) = operands[2]
    else { return [nil, nil, nil] }
    let array = b.shape(of: cotangent)
    let gather = gather(array, updates.shape, mode: mode)
    let zeros = try b.zeros(updates)
    let rest = try b.apply(self, [cotangent, indices, zeros])[0]
    var slices = try b.one(gather, cotangent, indices)
    if !hasUniqueIndices {
      // Each element of the slices is numbered: those that find their number again have stayed.
      let count = try Shape([updates.shape.elementCount])
      let iota = try b.one(Iota(.i64, count.sizes, dimension: 0))
      let numbered = try b.reshape(iota, to: updates.shape)
      let none = try b.full(Literal(-1, .i64), array)
      let stayed = try b.apply(self, [none, indices, numbered])[0]
      let found = try b.one(gather, stayed, indices)
      let isThere = try b.one(Eq(), found, numbered)
      slices = try b.select(isThere, slices, zeros)
    }
    return [rest, nil, slices]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    nil
  }
}
