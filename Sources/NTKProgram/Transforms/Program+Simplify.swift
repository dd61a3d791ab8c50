extension Program {
  /// The same function with fewer equations: dead and repeated ones gone, what is constant folded,
  /// and each operation's own identities applied. Results are equal in every bit.
  public func simplified() throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var map = addInputs(to: &b)
    map.reserveCapacity(valueCount)
    var seen: [EquationKey: [Value]] = [:]
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { map[$0.index] }
      if let folded = try b.folded(equation.primitive, operands) {
        map += folded
        continue
      }
      if let simpler = try equation.primitive.simplified(operands, in: &b) {
        map += simpler
        continue
      }
      let key = EquationKey(primitive: equation.primitive, operands: operands)
      if let earlier = seen[key] {
        map += earlier
        continue
      }
      let results = try b.apply(equation.primitive, operands)
      seen[key] = results
      map += results
    }
    return try b.finish(
      inputs: (0..<(inputCount - capturedCount)).map { map[$0] },
      captured: ((inputCount - capturedCount)..<inputCount).map { map[$0] },
      outputs: outputs.map { map[$0.index] })
  }
}

private struct EquationKey: Hashable {
  let primitive: any Primitive
  let operands: [Value]

  static func == (a: EquationKey, b: EquationKey) -> Bool {
    a.operands == b.operands && a.primitive.isEqual(to: b.primitive)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(type(of: primitive)))
    primitive.hash(into: &hasher)
    hasher.combine(operands)
  }
}

extension ProgramBuilder {
  /// A view of one value everywhere, and an elementwise operation on such arrays, are one value.
  fileprivate mutating func folded(
    _ primitive: any Primitive, _ operands: [Value]
  ) throws(NTKError) -> [Value]? {
    guard !operands.isEmpty else { return nil }
    var literals: [Literal] = []
    for operand in operands {
      guard let full = definition(of: operand)?.primitive as? Full else { return nil }
      literals.append(full.value)
    }
    guard let type = try primitive.resultTypes(types(of: operands)).first else { return nil }
    if primitive is any ViewPrimitive { return [try full(literals[0], type.shape)] }
    guard let elementwise = primitive as? any Elementwise,
      let block = elementwise.block(literals.map(\.elementType))
    else { return nil }
    let value = withUnsafeTemporaryAllocation(byteCount: 8 * (literals.count + 1), alignment: 8) {
      buffer -> Literal? in
      guard let base = buffer.baseAddress else { return nil }
      var pointers: [UnsafeRawPointer] = []
      for (index, literal) in literals.enumerated() {
        let slot = base + 8 * (index + 1)
        literal.store(to: slot)
        pointers.append(UnsafeRawPointer(slot))
      }
      pointers.withUnsafeBufferPointer { if let first = $0.baseAddress { block(base, first, 1) } }
      return Literal(at: base, type.elementType)
    }
    return try value.map { literal throws(NTKError) in [try full(literal, type.shape)] }
  }
}
