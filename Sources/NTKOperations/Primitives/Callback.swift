import NTKProgram

/// A function of the caller's, by name; it must give the same results for the same operands.
public struct Callback: Primitive {
  public static let name = "callback"
  var signature = CallbackSignature()

  public init() {}

  public init(
    _ name: String, results: [ValueType], vmapMethod: String = "", hasDerivatives: Bool = false
  ) {
    signature = CallbackSignature(
      name, results: results, vmapMethod: vmapMethod, hasDerivatives: hasDerivatives)
  }

  init(_ signature: CallbackSignature) { self.signature = signature }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try signature.code(&coder)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try signature.results()
  }

  // Nothing is known of what the function does.
  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow { .opaque }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Callback { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    try signature.batched(self, operands, axes, size: size, in: &b) { Callback($0) }
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    try signature.call(\.optionalValue, "a value", context)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard signature.hasDerivatives else {
      throw .unsupported(
        "differentiation of the callback '\(signature.name)', which was given no derivative: call it "
          + "inside a custom_jvp or custom_vjp function")
    }
    var given = operands
    for (operand, tangent) in zip(operands, tangents) where b.type(of: operand).isFloating {
      given.append(try b.instantiate(tangent, b.type(of: operand)))
    }
    let pushed = try b.apply(CallbackJVP(signature, primalCount: operands.count), given)
    var next = pushed.makeIterator()
    return results.map { b.type(of: $0).isFloating ? next.next() : nil }
  }
}

extension CallbackFunctions {
  var optionalValue: Function? { value }
}
