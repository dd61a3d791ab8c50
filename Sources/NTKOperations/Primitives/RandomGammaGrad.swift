import CVectorLoops
import NTKProgram

/// How samples of the gamma distribution, the second operand, move with its shape, the first, where
/// their quantiles stay: implicit differentiation, Figurnov, Mohamed and Mnih, 2018.
public struct RandomGammaGrad: BinaryArithmetic {
  public static let name = "random_gamma_grad"
  static let loop = NTK_LOOP_RANDOM_GAMMA_GRAD

  public init() {}

  public func resultElementType(_ operands: [ElementType]) throws(NTKError) -> ElementType {
    try expectFloats(operands)
  }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    throw .unsupported(
      "samples of the gamma distribution have no second derivative by its shape")
  }
}
