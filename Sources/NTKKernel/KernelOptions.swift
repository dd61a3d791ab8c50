import NTKProgram

/// How a kernel is computed; all give the same numbers, to rounding.
public enum KernelImplementation: Int32, Sendable, CaseIterable {
  /// Chosen by the planner.
  case automatic = 0
  /// Jacobians of both sides, then their product (Novak et al., 2022, section 3.1).
  case jacobianContraction = 1
  /// One pull-back and one push-forward for each row (the same, section 3.2).
  case vectorProducts = 2
  /// Products of the factors of the Jacobians (the same, section 3.3).
  case structuredDerivatives = 3

  var name: String {
    switch self {
    case .automatic: "AUTO"
    case .jacobianContraction: "JACOBIAN_CONTRACTION"
    case .vectorProducts: "NTK_VECTOR_PRODUCTS"
    case .structuredDerivatives: "STRUCTURED_DERIVATIVES"
    }
  }
}

/// What a tangent kernel is of, and how it is computed.
public struct KernelOptions: Sendable {
  /// Inputs of the programs that are parameters, increasing.
  public var parameters: [Int] = []
  /// Output axes that are summed over, both sides together; may be negative.
  public var traceAxes: [Int] = []
  /// Output axes that both sides share; may be negative.
  public var diagonalAxes: [Int] = []
  /// The batch axis that the caller claims of each input; nil: no claim.
  public var batchAxes: [Int?]?
  /// With `batchAxes`, the batch axis that the caller claims of each output; nil: found.
  public var outputBatchAxes: [Int]?
  public var implementation = KernelImplementation.automatic
  /// Divide by the product of the traced axes' sizes.
  public var normalizes = true

  public init() {}
}
