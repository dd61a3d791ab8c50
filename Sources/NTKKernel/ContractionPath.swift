import NTKProgram

/// The order in which a network is contracted: the cheapest over all, by dynamic programming over
/// subsets of tensors and relations; greedily where there are too many. A step counts its nonzero
/// label tuples: a relation costs nothing by itself and takes a label out of what it is applied to.
struct ContractionPath: Sendable {
  /// Steps in order; a node is a tensor, then a relation, then the result of a step.
  struct Step: Hashable, Sendable {
    var left: Int
    var right: Int
    var kind: Kind
    /// The labels that the result keeps.
    var kept: [Int]

    enum Kind: Hashable, Sendable {
      case product
      /// The tensor on the left, with relations applied that stand on the right.
      case apply([Int])
      /// Relations, to be applied together.
      case union
    }
  }

  private(set) var steps: [Step] = []
  private(set) var cost = CostModel.Cost()

  /// Values of one label set of a relation are enumerated at most this often.
  private static let greatestUnrolling = 256.0
  private static let exactLimit = 9

  /// One or several nodes.
  private struct Item {
    var labels: UInt64
    var isTensor: Bool
    /// Bits of relations not yet applied.
    var relations: UInt64
  }

  private let sizes: [Double]
  private let labelOf: [Int]
  private let bitOf: [Int: Int]
  private let open: UInt64
  private let items: [Item]
  private let relations: [(target: UInt64, sources: UInt64, main: UInt64, isTable: Bool)]
  private let tensorCount: Int
  private let model: CostModel

  /// nil: too many labels, or relations that no order of steps can apply.
  init?(_ contraction: NetworkContraction, _ model: CostModel) {
    self.init(contraction, model) { _ in nil }
  }

  /// - Parameter choose: which of so many possible steps is next, in any order; nil: the cheapest
  ///   order of all.
  init?(
    _ contraction: NetworkContraction, _ model: CostModel, choose: (_ count: Int) -> Int?
  ) {
    var bitOf: [Int: Int] = [:]
    var labelOf: [Int] = []
    let all =
      contraction.open + contraction.tensors.flatMap(\.labels)
      + contraction.relations.flatMap { [$0.target] + $0.sources }
    for label in all where bitOf[label] == nil {
      bitOf[label] = labelOf.count
      labelOf.append(label)
    }
    let count = contraction.tensors.count + contraction.relations.count
    guard labelOf.count <= 64, count <= 24 else { return nil }
    func bits(_ labels: [Int]) -> UInt64 {
      labels.reduce(0) { $0 | 1 << UInt64(bitOf[$1] ?? 0) }
    }
    sizes = labelOf.map { Double(contraction.sizes[$0]) }
    self.bitOf = bitOf
    self.labelOf = labelOf
    self.model = model
    open = bits(contraction.open)
    tensorCount = contraction.tensors.count
    relations = contraction.relations.map { relation in
      let main = contraction.main(relation).map { [$0] } ?? []
      if case .table = relation {
        return (bits([relation.target]), bits(relation.sources), bits(relation.sources), true)
      }
      return (bits([relation.target]), bits(relation.sources), bits(main), false)
    }
    var items = contraction.tensors.map {
      Item(labels: bits($0.labels), isTensor: true, relations: 0)
    }
    for (index, relation) in relations.enumerated() {
      items.append(
        Item(
          labels: relation.target | relation.sources, isTensor: false,
          relations: 1 << UInt64(index)))
    }
    self.items = items
    guard tensorCount > 0 else { return nil }
    if count == 1 { return }
    let isExact = count <= ContractionPath.exactLimit && choose(1) == nil
    guard isExact ? planExactly() : planGreedily(choose) else { return nil }
  }

  private func product(_ labels: UInt64) -> Double {
    var result = 1.0
    var rest = labels
    while rest != 0 {
      result *= sizes[rest.trailingZeroBitCount]
      rest &= rest &- 1
    }
    return result
  }

  /// The union of two items, where the rest needs the labels `outside`; nil: not possible.
  private func merge(
    _ a: Item, _ b: Item, outside: UInt64
  ) -> (item: Item, cost: CostModel.Cost, kind: Step.Kind)? {
    if a.isTensor && b.isTensor {
      let all = a.labels | b.labels
      let kept = all & outside
      let shared = a.labels & b.labels
      let contracted = product(shared & ~outside)
      // What only one has and nobody needs is summed before.
      let rows = product(a.labels & ~shared & outside)
      let columns = product(b.labels & ~shared & outside)
      let batch = product(shared & outside)
      let size = product(kept)
      var cost: CostModel.Cost
      if shared & ~outside == 0 {
        cost = model.elements(size + product(a.labels) + product(b.labels), made: size)
      } else {
        cost = model.product(batch: batch, rows: rows, inner: contracted, columns: columns)
      }
      for item in [a, b] where item.labels & ~shared & ~outside != 0 {
        cost = cost + model.elements(product(item.labels), made: 0)
      }
      return (Item(labels: kept, isTensor: true, relations: 0), cost, .product)
    }
    if !a.isTensor && !b.isTensor {
      return (
        Item(labels: a.labels | b.labels, isTensor: false, relations: a.relations | b.relations),
        CostModel.Cost(), .union
      )
    }
    let (tensor, set) = a.isTensor ? (a, b) : (b, a)
    var targets: UInt64 = 0
    var sources: UInt64 = 0
    var mains: UInt64 = 0
    var indices: [Int] = []
    for (index, relation) in relations.enumerated() where set.relations >> UInt64(index) & 1 == 1 {
      guard relation.target & tensor.labels != 0, relation.target & outside == 0,
        relation.target & targets == 0, relation.sources & tensor.labels == 0
      else { return nil }
      guard !relation.isTable || set.relations & (set.relations - 1) == 0,
        mains & relation.main == 0
      else { return nil }
      mains |= relation.main
      targets |= relation.target
      sources |= relation.sources
      indices.append(index)
    }
    // A label that one relation runs along and another enumerates would have to be both.
    let unrolled = sources & ~mains
    for index in indices {
      guard relations[index].sources & ~relations[index].main & mains == 0 else { return nil }
    }
    guard sources & targets == 0, product(unrolled) <= ContractionPath.greatestUnrolling else {
      return nil
    }
    let made = (tensor.labels & ~targets) | sources
    let kept = made & outside
    let cost = model.elements(
      2 * product(made), made: product(made & ~(unrolled & ~outside)))
    return (Item(labels: kept, isTensor: true, relations: 0), cost, .apply(indices))
  }

  private mutating func planExactly() -> Bool {
    let count = items.count
    let full = 1 << count
    var outside = [UInt64](repeating: open, count: full)
    for subset in 0..<full {
      for (index, item) in items.enumerated() where subset >> index & 1 == 0 {
        outside[subset] |= item.labels
      }
    }
    var best = [(item: Item, cost: CostModel.Cost, split: Int, kind: Step.Kind)?](
      repeating: nil, count: full)
    for (index, item) in items.enumerated() {
      best[1 << index] = (item, CostModel.Cost(), 0, .union)
    }
    for subset in 1..<full where subset & (subset - 1) != 0 {
      let lowest = subset & -subset
      var part = (subset - 1) & subset
      while part > 0 {
        defer { part = (part - 1) & subset }
        // Each split once.
        guard part & lowest != 0, let a = best[part], let b = best[subset ^ part],
          let merged = merge(a.item, b.item, outside: outside[subset])
        else { continue }
        let cost = a.cost + b.cost + merged.cost
        if best[subset].map({ cost.seconds < $0.cost.seconds }) ?? true {
          best[subset] = (merged.item, cost, part, merged.kind)
        }
      }
    }
    guard let whole = best[full - 1] else { return false }
    cost = whole.cost
    _ = emit(full - 1) { subset in best[subset].map { ($0.split, $0.kind, $0.item.labels) } }
    return true
  }

  /// Steps of a subset, parts first; returns the node of its result. As deep as there are nodes.
  private mutating func emit(
    _ subset: Int, _ plan: (Int) -> (split: Int, kind: Step.Kind, labels: UInt64)?
  ) -> Int {
    if subset & (subset - 1) == 0 { return subset.trailingZeroBitCount }
    guard let (split, kind, labels) = plan(subset) else { return 0 }
    var left = emit(split, plan)
    var right = emit(subset ^ split, plan)
    if case .apply = kind, !isTensor(left) { swap(&left, &right) }
    return append(left, right, kind, labels)
  }

  private func isTensor(_ node: Int) -> Bool {
    if node < items.count { return items[node].isTensor }
    return steps[node - items.count].kind != .union
  }

  private mutating func append(
    _ left: Int, _ right: Int, _ kind: Step.Kind, _ labels: UInt64
  ) -> Int {
    steps.append(Step(left: left, right: right, kind: kind, kept: list(labels)))
    return items.count + steps.count - 1
  }

  private func list(_ labels: UInt64) -> [Int] {
    labelOf.indices.filter { labels >> UInt64($0) & 1 == 1 }.map { labelOf[$0] }
  }

  /// One step after the other, each the cheapest or the one that is chosen.
  private mutating func planGreedily(_ choose: (Int) -> Int?) -> Bool {
    var nodes = items.indices.map { (node: $0, item: items[$0]) }
    while nodes.count > 1 {
      var steps: [(i: Int, j: Int, item: Item, cost: CostModel.Cost, kind: Step.Kind)] = []
      for j in nodes.indices {
        for i in 0..<j {
          var outside = open
          for (position, other) in nodes.enumerated() where position != i && position != j {
            outside |= other.item.labels
          }
          guard let merged = merge(nodes[i].item, nodes[j].item, outside: outside),
            merged.kind != .union
          else { continue }
          steps.append((i, j, merged.item, merged.cost, merged.kind))
        }
      }
      guard let cheapest = steps.min(by: { $0.cost.seconds < $1.cost.seconds }) else {
        return false
      }
      let step = choose(steps.count).map { steps[$0] } ?? cheapest
      cost = cost + step.cost
      var (left, right) = (nodes[step.i].node, nodes[step.j].node)
      if case .apply = step.kind, !nodes[step.i].item.isTensor { swap(&left, &right) }
      let node = append(left, right, step.kind, step.item.labels)
      nodes.remove(at: step.j)
      nodes[step.i] = (node, step.item)
    }
    return true
  }

  /// The order as a product of names, one for each tensor and relation.
  func description(_ names: [String]) -> String {
    var text = names
    for step in steps {
      let (left, right) = (text[step.left], text[step.right])
      text.append("(\(left)·\(right))")
    }
    return text.last.map { $0.hasPrefix("(") ? String($0.dropFirst().dropLast()) : $0 } ?? ""
  }
}
