import CVectorLoops
import NTKProgram

/// The next number after the first operand in the direction of the second, element by element.
public struct Nextafter: BinaryArithmetic, NotDifferentiable {
  public static let name = "nextafter"
  static let loop = NTK_LOOP_NEXTAFTER

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectFloats(operands)
  }
}
