import NTKProgram

/// How the kernel of one output is computed: for each parameter, the dense Jacobians' product, or
/// the sum over pairs of terms of a contraction each, whichever the cost model finds cheaper.
struct KernelPlan {
  struct Pair {
    let left: StructuredOutput.Term
    let right: StructuredOutput.Term
    let contraction: NetworkContraction
    let path: ContractionPath
    let names: [String]
    /// Of a symmetric kernel: the pair of the same two terms the other way round is its transpose.
    let isMirrored: Bool
  }

  struct Leaf {
    /// nil: the dense Jacobians' product.
    let pairs: [Pair]?
    let denseCost: CostModel.Cost
    let alternative: Alternative
    /// The equation after whose cotangent the leaf's contribution is ready.
    let ready: Int
  }

  /// What contracting a parameter by pairs of terms would cost.
  enum Alternative {
    case cost(CostModel.Cost)
    /// A use has no form, there are too many uses, or their forms do not fit together.
    case none
    /// It was given up when it had cost so much.
    case moreThan(CostModel.Cost)
    /// A tile does as the whole does.
    case notAsked
  }

  let leaves: [Leaf]

  init(
    _ left: StructuredOutput, _ right: StructuredOutput?, _ rules: AxisRules,
    _ parameters: [ValueType], _ elementType: ElementType, isForced: Bool, _ choices: [Bool]?
  ) throws(NTKError) {
    let model = CostModel(elementType)
    let other = right ?? left
    var leaves: [Leaf] = []
    for (position, type) in parameters.enumerated() {
      let dense = KernelPlan.dense(
        left, right, rules, model, size: type.shape.elementCount, position)
      let ready =
        [left, other].map { side in
          side.terms[position].map { $0.map(\.edge.equation).min() ?? .max } ?? 0
        }.min() ?? 0
      var found = (pairs: [Pair]?.none, alternative: Alternative.notAsked)
      let choice = choices?[position]
      if choice != false {
        found = try KernelPlan.pairs(
          left, right, position, rules, model,
          below: choice ?? isForced ? .infinity : dense.seconds)
      }
      if choice == true && found.pairs == nil {
        throw .invariant("a tile cannot be contracted as the whole is")
      }
      leaves.append(
        Leaf(
          pairs: found.pairs, denseCost: dense, alternative: found.alternative, ready: ready))
    }
    self.leaves = leaves
  }

  var isDense: Bool { leaves.allSatisfy { $0.pairs == nil } }

  /// The pairs of terms of a parameter, if they cost less than the bound.
  private static func pairs(
    _ left: StructuredOutput, _ right: StructuredOutput?, _ position: Int, _ rules: AxisRules,
    _ model: CostModel, below bound: Double
  ) throws(NTKError) -> (pairs: [Pair]?, alternative: Alternative) {
    let other = right ?? left
    guard let one = left.terms[position], let two = other.terms[position] else {
      return (nil, .none)
    }
    var list: [Pair] = []
    var cost = CostModel.Cost()
    for (i, first) in one.enumerated() {
      for (j, second) in two.enumerated() where right != nil || i <= j {
        guard let network = try PairNetwork(left, first, other, second, rules) else {
          return (nil, .none)
        }
        guard !network.contraction.isZero else { continue }
        guard let path = ContractionPath(network.contraction, model) else { return (nil, .none) }
        cost = cost + path.cost
        // Planning the rest would be in vain.
        guard cost.seconds <= bound * 4 else { return (nil, .moreThan(cost)) }
        list.append(
          Pair(
            left: first, right: second, contraction: network.contraction, path: path,
            names: network.names, isMirrored: right == nil && i != j))
      }
    }
    return (cost.seconds < bound ? list : nil, .cost(cost))
  }

  /// The Jacobians of both sides and their product.
  private static func dense(
    _ left: StructuredOutput, _ right: StructuredOutput?, _ rules: AxisRules, _ model: CostModel,
    size: Int, _ position: Int
  ) -> CostModel.Cost {
    func product(_ axes: [Int], _ shape: Shape) -> Double {
      axes.reduce(1) { $0 * Double(shape[$1]) }
    }
    let (one, two) = (left.type.shape, (right ?? left).type.shape)
    var cost = model.product(
      batch: product(rules.diagonal, one), rows: product(rules.pairs, one),
      inner: product(rules.trace, one) * Double(size), columns: product(rules.pairs, two))
    for side in [left, right].compactMap({ $0 }) {
      let rows = Double(side.type.shape.elementCount)
      for term in side.terms[position] ?? [] {
        guard case .result = term.edge, let form = term.steps.last?.form else { continue }
        // z and the parameter share the labels that are not summed between them.
        let count = Double(side.cut.type(at: term.edge).shape.elementCount)
        let shared = Set(form.result.joined()).intersection(form.operand.joined())
        let common = shared.reduce(1.0) { $0 * Double(form.labels[$1]) }
        let inner = max(count / max(common, 1), 1)
        cost =
          cost
          + model.product(
            batch: rows, rows: max(common, 1), inner: inner,
            columns: max(Double(size) / max(common, 1), 1))
      }
      cost = cost + model.elements(rows * Double(size), made: rows * Double(size))
    }
    return cost
  }
}
