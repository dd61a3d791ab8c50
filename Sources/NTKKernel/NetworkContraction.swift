import NTKProgram

/// A network made ready to be contracted: tensors whose axes carry one label each, and the index
/// relations that are left when all that can be said by renaming labels is said.
struct NetworkContraction: Hashable, Sendable {
  struct Mask: Hashable, Sendable {
    var array: Int
    var axes: [[Int]]
    var index: Int
  }

  struct Tensor: Hashable, Sendable {
    enum Source: Hashable, Sendable {
      /// The caller's array, one over it if reciprocal; 0 where a mask does not hold.
      case array(Int, axes: [[Int]], isReciprocal: Bool, masks: [Mask])
      /// 1 where two tables of indices agree on an index below the size, 0 elsewhere.
      case join(Int, axes: [[Int]], Int, otherAxes: [[Int]], size: Int)
    }
    var source: Source
    var labels: [Int]
  }

  enum Relation: Hashable, Sendable {
    /// target = offset + Σ coefficient · label; what is out of the target's range counts as 0.
    case affine(target: Int, terms: [LinearForm.Relation.Term], offset: Int)
    /// target = array[labels]
    case table(target: Int, array: Int, axes: [[Int]])

    var target: Int {
      switch self {
      case .affine(let target, _, _), .table(let target, _, _): target
      }
    }

    /// The labels that determine the target.
    var sources: [Int] {
      switch self {
      case .affine(_, let terms, _): terms.map(\.label)
      case .table(_, _, let axes): Array(axes.joined())
      }
    }
  }

  /// By label.
  private(set) var sizes: [Int]
  /// The result's axes.
  private(set) var open: [Int]
  private(set) var tensors: [Tensor] = []
  private(set) var relations: [Relation] = []
  private(set) var scale = 1.0
  /// Nothing meets: disjoint slices of one weight.
  private(set) var isZero = false

  /// - Parameters:
  ///   - cotangents: the arrays to which masks may be applied.
  ///   - summed: labels of the axes at which both sides meet.
  /// nil: a relation that cannot be followed; the parameter is then contracted densely.
  init?(_ network: LabelledNetwork, cotangents: Set<Int>, summed: [Int]) {
    sizes = network.sizes
    open = Array(network.open.joined())
    var masks: [Mask] = []
    for factor in network.factors {
      switch factor.use {
      case .scale(let number): scale *= number
      case .mask(let index):
        masks.append(Mask(array: factor.array, axes: factor.axes, index: index))
      case .factor, .reciprocalFactor:
        tensors.append(
          Tensor(
            source: .array(
              factor.array, axes: factor.axes, isReciprocal: factor.use == .reciprocalFactor,
              masks: []),
            labels: distinct(factor.axes.joined())))
      }
    }
    for mask in masks {
      let labels = Set(mask.axes.joined())
      // A mask is a selection before any sum over its labels; as a factor it would make 0 · NaN.
      let position = tensors.firstIndex { tensor in
        guard case .array(let array, _, _, _) = tensor.source else { return false }
        return cotangents.contains(array) && labels.isSubset(of: tensor.labels)
      }
      guard let position,
        case .array(let array, let axes, let isReciprocal, let own) = tensors[position].source
      else { return nil }
      tensors[position].source = .array(
        array, axes: axes, isReciprocal: isReciprocal, masks: own + [mask])
    }
    for relation in network.relations {
      switch relation {
      case .affine(let target, let terms, let offset):
        guard target.count == 1 else { return nil }
        relations.append(.affine(target: target[0], terms: terms, offset: offset))
      case .table(let target, let array, let axes):
        guard target.count == 1 else { return nil }
        relations.append(.table(target: target[0], array: array, axes: axes))
      }
    }
    let live = distinct(summed + open + relations.flatMap { [$0.target] + $0.sources })
    guard reduceRelations() else { return nil }
    // A label that nothing depends on is counted.
    let used = Set(
      open + tensors.flatMap(\.labels) + relations.flatMap { [$0.target] + $0.sources })
    for label in live where !used.contains(label) && !renamed.contains(label) {
      scale *= Double(sizes[label])
    }
    renamed = []
  }

  /// Labels that became others, or whose sum is a condition that always holds.
  private var renamed: Set<Int> = []

  /// Says by renaming what can be said so; false if a relation is left that no step can follow.
  private mutating func reduceRelations() -> Bool {
    var hasChanged = true
    while hasChanged && !isZero {
      hasChanged = false
      for index in relations.indices {
        switch reduce(index) {
        case .kept: continue
        case .changed: hasChanged = true
        case .unsupported: return false
        }
        break
      }
    }
    return true
  }

  private enum Outcome { case kept, changed, unsupported }

  private mutating func reduce(_ index: Int) -> Outcome {
    let target = relations[index].target
    if case .affine(_, let terms, let offset) = relations[index] {
      let sizes = self.sizes
      let varying = terms.filter { sizes[$0.label] != 1 && $0.coefficient != 0 }
      if varying.count < terms.count {
        relations[index] = .affine(target: target, terms: varying, offset: offset)
        return .changed
      }
      if terms.count == 1, terms[0].coefficient == 1, offset == 0,
        sizes[target] == sizes[terms[0].label]
      {
        relations.remove(at: index)
        rename(target, to: terms[0].label)
        return .changed
      }
    }
    let isHeld = open.contains(target) || tensors.contains { $0.labels.contains(target) }
    let others = relations.indices.filter {
      $0 != index && ([relations[$0].target] + relations[$0].sources).contains(target)
    }
    if isHeld { return .kept }
    guard others.count < 2 else { return .unsupported }
    guard let other = others.first else {
      guard isAlwaysInRange(relations[index]) else { return .unsupported }
      relations.remove(at: index)
      renamed.insert(target)
      return .changed
    }
    guard relations[other].target == target else { return .kept }
    return meet(index, other)
  }

  /// Two relations determine one label that nothing else has: an equation between their labels.
  private mutating func meet(_ first: Int, _ second: Int) -> Outcome {
    let (one, two) = (relations[first], relations[second])
    let target = one.target
    switch (one, two) {
    case (
      .affine(_, let terms, let offset), .affine(_, let otherTerms, let otherOffset)
    ):
      guard terms.count == 1, otherTerms.count == 1, isAlwaysInRange(one), isAlwaysInRange(two),
        terms[0].coefficient == otherTerms[0].coefficient
      else { return .unsupported }
      let (label, other) = (terms[0].label, otherTerms[0].label)
      let coefficient = terms[0].coefficient
      relations.removeAll { $0.target == target }
      renamed.insert(target)
      if label == other {
        isZero = offset != otherOffset
        return .changed
      }
      let (distance, rest) = (otherOffset - offset).quotientAndRemainder(dividingBy: coefficient)
      // label = other + distance
      guard rest == 0, distance < sizes[label], distance + sizes[other] > 0 else {
        isZero = true
        return .changed
      }
      relations.append(
        .affine(target: label, terms: [.init(other, 1)], offset: distance))
      return .changed
    case (.table(_, let array, let axes), .table(_, let otherArray, let otherAxes)):
      relations.removeAll { $0.target == target }
      renamed.insert(target)
      tensors.append(
        Tensor(
          source: .join(
            array, axes: axes, otherArray, otherAxes: otherAxes, size: sizes[target]),
          labels: distinct(axes.joined() + Array(otherAxes.joined()))))
      return .changed
    default: return .unsupported
    }
  }

  private func isAlwaysInRange(_ relation: Relation) -> Bool {
    guard case .affine(let target, let terms, let offset) = relation else { return false }
    var (least, greatest) = (offset, offset)
    for term in terms {
      let reach = term.coefficient * (sizes[term.label] - 1)
      least += min(reach, 0)
      greatest += max(reach, 0)
    }
    return least >= 0 && greatest < sizes[target]
  }

  private mutating func rename(_ label: Int, to new: Int) {
    renamed.insert(label)
    func list(_ labels: [Int]) -> [Int] { labels.map { $0 == label ? new : $0 } }
    func nested(_ axes: [[Int]]) -> [[Int]] { axes.map(list) }
    open = list(open)
    for index in tensors.indices {
      tensors[index].labels = distinct(list(tensors[index].labels))
      switch tensors[index].source {
      case .array(let array, let axes, let isReciprocal, let masks):
        tensors[index].source = .array(
          array, axes: nested(axes), isReciprocal: isReciprocal,
          masks: masks.map { Mask(array: $0.array, axes: nested($0.axes), index: $0.index) })
      case .join(let array, let axes, let other, let otherAxes, let size):
        tensors[index].source = .join(
          array, axes: nested(axes), other, otherAxes: nested(otherAxes), size: size)
      }
    }
    for index in relations.indices {
      switch relations[index] {
      case .affine(let target, let terms, let offset):
        relations[index] = .affine(
          target: target == label ? new : target,
          terms: terms.map { .init($0.label == label ? new : $0.label, $0.coefficient) },
          offset: offset)
      case .table(let target, let array, let axes):
        relations[index] = .table(
          target: target == label ? new : target, array: array, axes: nested(axes))
      }
    }
  }
}

extension NetworkContraction {
  /// The label that an affine relation's slices run along, the others being enumerated: one that no
  /// other relation has, then the longest.
  func main(_ relation: Relation) -> Int? {
    func uses(_ label: Int) -> Int { relations.count { $0.sources.contains(label) } }
    var best: Int?
    for label in relation.sources {
      guard let other = best else {
        best = label
        continue
      }
      if (uses(label), -sizes[label]) < (uses(other), -sizes[other]) { best = label }
    }
    return best
  }
}

/// The elements, each once, in the order in which they first stand.
func distinct<Element: Hashable>(_ elements: some Sequence<Element>) -> [Element] {
  var seen = Set<Element>()
  return elements.filter { seen.insert($0).inserted }
}
