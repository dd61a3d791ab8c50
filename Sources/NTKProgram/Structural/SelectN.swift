import CVectorLoops

/// `cases[which]`, element by element: bool chooses between two, i32 between any number (out of
/// range: the nearest).
public struct SelectN: Elementwise, LinearInOperands {
  public static let name = "select_n"
  public static let operandCount: Int? = nil

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    let cases = Array(operands.dropFirst())
    guard let which = operands.first, !cases.isEmpty else {
      throw .operandCount(expected: "at least 2", got: operands.count)
    }
    guard which == .i32 || (which == .bool && cases.count <= 2) else {
      throw .elementType(
        "operand 0", expected: cases.count <= 2 ? "bool or i32" : "i32", got: which)
    }
    return try expectOneElementType(cases)
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    // A mask keeps equal indices alone; an i32 out of range chooses the nearest case.
    guard operand > 0, operands[0].elementType == .bool else { return nil }
    var form = LinearForm.identity(operands[0].shape)
    form.residuals = [.init(0, form.result, .mask(operand - 1))]
    return form
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    let type = operands[1]
    if operands.count == 2 {
      let size = type.byteCount
      return { out, operands, count in
        if UnsafeRawPointer(out) != operands[1] {
          out.copyMemory(from: operands[1], byteCount: count * size)
        }
      }
    }
    if operands[0] == .bool {
      guard let loop = ntk_find_select_loop(type.loop) else { return nil }
      return { loop($0, $1[0], $1[1], $1[2], $2) }
    }
    let last = Int32(operands.count - 2)
    switch type.byteCount {
    case 1: return { SelectN.choose($0, $1, $2, last, UInt8.self) }
    case 4: return { SelectN.choose($0, $1, $2, last, UInt32.self) }
    default: return { SelectN.choose($0, $1, $2, last, UInt64.self) }
    }
  }

  private static func choose<T>(
    _ out: UnsafeMutableRawPointer, _ operands: UnsafePointer<UnsafeRawPointer>, _ count: Int,
    _ last: Int32, _ type: T.Type
  ) {
    let which = operands[0].assumingMemoryBound(to: Int32.self)
    let result = out.assumingMemoryBound(to: T.self)
    for index in 0..<count {
      let chosen = Int(min(max(which[index], 0), last))
      result[index] = operands[1 + chosen].assumingMemoryBound(to: T.self)[index]
    }
  }

  public func isLinear(known: [Bool]) -> Bool { known[0] && !known.dropFirst().contains(true) }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    var cases: [Value] = []
    for (operand, tangent) in zip(operands, tangents).dropFirst() {
      cases.append(try b.instantiate(tangent, b.type(of: operand)))
    }
    return try b.apply(self, [operands[0]] + cases)
  }

  // A selection, never a product with a mask: 0 · NaN is not 0.
  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], let which = operands[0].value else {
      return operands.map { _ in nil }
    }
    let zero = try b.zeros(b.type(of: cotangent))
    var results: [Value?] = [nil]
    for index in 1..<operands.count {
      guard operands[index].isLinear else {
        results.append(nil)
        continue
      }
      var cases = [Value](repeating: zero, count: operands.count - 1)
      cases[index - 1] = cotangent
      results.append(try b.apply(self, [which] + cases)[0])
    }
    return results
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let cases = operands.dropFirst()
    return cases.allSatisfy { $0 == operands[1] } ? [operands[1]] : nil
  }
}
