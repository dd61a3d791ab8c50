/// How a result depends on one linear operand u, by labels (design: the kernel engine):
///
///     y[Y] = Σ over labels of u not in Y,  Π R[...] · Π S · u[U]
///
/// A label is an index with a size. An axis carries a list of labels (row-major), so that a
/// reshape is only relabelling. R are known operands; S are index relations, which make one
/// label a function of others. δ needs no tensor: it is one label used twice.
public struct LinearForm: Hashable, Sendable {
  /// The size of each label.
  public var labels: [Int]
  /// Labels of each axis of y.
  public var result: [[Int]]
  /// Labels of each axis of u.
  public var operand: [[Int]]
  public var residuals: [Residual] = []
  public var relations: [Relation] = []

  /// A known array in the product.
  public struct Residual: Hashable, Sendable {
    public enum Use: Hashable, Sendable {
      case factor
      /// Multiply by 1/R.
      case reciprocalFactor
      /// Keep what stands where R equals the value, as a selection: 0 elsewhere, whatever u is.
      case mask(Int)
      /// Multiply by this number; there is no array.
      case scale(Double)
    }
    /// Which operand of the equation; -1 for a scale.
    public var operand: Int
    public var axes: [[Int]]
    public var use: Use

    public init(_ operand: Int, _ axes: [[Int]], _ use: Use = .factor) {
      self.operand = operand
      self.axes = axes
      self.use = use
    }
  }

  /// One label determined by others. Terms outside the target's range are left out of the sum.
  public enum Relation: Hashable, Sendable {
    /// target = offset + Σ coefficient · label
    case affine(target: Int, terms: [Term], offset: Int)
    /// target = operand[labels], an integer operand of the equation.
    case table(target: Int, operand: Int, axes: [[Int]])

    public struct Term: Hashable, Sendable {
      public var label: Int
      public var coefficient: Int
      public init(_ label: Int, _ coefficient: Int) {
        self.label = label
        self.coefficient = coefficient
      }
    }
  }

  public init(labels: [Int], result: [[Int]], operand: [[Int]]) {
    self.labels = labels
    self.result = result
    self.operand = operand
  }

  /// y[i] = u[i]
  public static func identity(_ shape: Shape) -> LinearForm {
    let axes = shape.indices.map { [$0] }
    return LinearForm(labels: shape.sizes, result: axes, operand: axes)
  }
}
