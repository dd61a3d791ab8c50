import CVectorLoops
import NTKProgram

/// The first operand to the power of the second, element by element: floats to the power of floats
/// or integers, or integers to the power of integers (wrapping around; with a negative exponent,
/// one divided by the positive power, truncated, and 0 for 0).
public struct Pow: Elementwise {
  public static let name = "pow"
  public static let operandCount: Int? = 2

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    let base = try expectNumber(operands[0])
    guard operands[1] == base || (base.isFloating && operands[1].isInteger) else {
      throw .elementType(
        "operand 1", expected: base.isFloating ? "\(base.name) or an integer" : base.name,
        got: operands[1])
    }
    return base
  }

  public func block(_ operands: [ElementType]) -> BlockFunction? {
    let base = operands[0]
    if !base.isFloating { return binaryBlock(NTK_LOOP_INTEGER_POWER, base) }
    if operands[1] == base { return binaryBlock(NTK_LOOP_POW, base) }
    guard let convert = ntk_find_convert_loop(base.loop, operands[1].loop),
      let power = ntk_find_binary_loop(NTK_LOOP_POW, base.loop)
    else { return nil }
    let (size, exponentSize, piece) = (base.byteCount, operands[1].byteCount, 512)
    return { out, operands, count in
      withUnsafeTemporaryAllocation(byteCount: piece * size, alignment: 64) { exponents in
        guard let exponents = exponents.baseAddress else { return }
        for start in stride(from: 0, to: count, by: piece) {
          let length = min(piece, count - start)
          convert(exponents, operands[1] + start * exponentSize, length)
          power(out + start * size, operands[0] + start * size, exponents, length)
        }
      }
    }
  }

  // dx·y·x^(y-1) + dy·log(x)·x^y, where log(0) counts as 0; to an integer power 0 the first is 0.
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    let (x, y) = (operands[0], operands[1])
    var terms: [Value?] = [nil, nil]
    if let tangent = tangents[0] {
      let type = b.type(of: y)
      var exponent = y
      var isZero: Value?
      if !type.isFloating {
        // One less than 0 would be the greatest of an unsigned type.
        let holds = try b.one(Eq(), y, b.zeros(type))
        exponent = try b.select(holds, b.full(1, like: y), y)
        isZero = holds
      }
      let power = try b.one(Pow(), x, b.sub(exponent, b.full(1, like: y)))
      let number = try b.convert(exponent, to: b.type(of: x).elementType)
      var factor = try b.mul(number, power)
      if let isZero { factor = try b.select(isZero, b.zeros(b.type(of: x)), factor) }
      terms[0] = try b.mul(tangent, factor)
    }
    if let tangent = tangents[1] {
      let isZero = try b.one(Eq(), x, b.zeros(b.type(of: x)))
      let base = try b.select(isZero, b.full(1, like: x), x)
      let logarithm = try b.one(Log(), base)
      terms[1] = try b.mul(tangent, b.mul(logarithm, results[0]))
    }
    return [try b.sum(terms[0], terms[1])]
  }
}
