import NTKProgram

/// A sum over labels of a product of arrays: what forms compose to. The kernel of a pair of edges
/// is one network; the order in which it is contracted is free.
///
///     result[open] = Σ over all other labels  Π factors[...] · Π relations
public struct LabelledNetwork: Sendable {
  /// An array of the caller's in the product.
  public struct Factor: Hashable, Sendable {
    /// The caller's array; -1 for a scale.
    public var array: Int
    public var axes: [[Int]]
    public var use: LinearForm.Residual.Use
  }

  /// One composite index determined by others; terms outside its range are left out of the sum.
  public enum Relation: Hashable, Sendable {
    case affine(target: [Int], terms: [LinearForm.Relation.Term], offset: Int)
    case table(target: [Int], array: Int, axes: [[Int]])
  }

  /// The size of each label; 0 for one that was replaced.
  public private(set) var sizes: [Int] = []
  public private(set) var factors: [Factor] = []
  public private(set) var relations: [Relation] = []
  /// The axes of the result.
  public private(set) var open: [[Int]] = []

  public init() {}

  /// A form whose labels joined the network: the axes of its result and of its operand.
  public struct Ends: Sendable {
    public var result: [[Int]]
    public var operand: [[Int]]
  }

  /// New labels, one for each axis.
  public mutating func addAxes(_ shape: Shape) -> [[Int]] {
    shape.map { size in
      if size == 1 { return [] }
      sizes.append(size)
      return [sizes.count - 1]
    }
  }

  /// Adds an array.
  public mutating func add(
    array: Int, axes: [[Int]], use: LinearForm.Residual.Use = .factor
  ) {
    factors.append(Factor(array: array, axes: axes, use: use))
  }

  /// Adds a form.
  /// - Parameters:
  ///   - arrays: the caller's array for each operand of the form's equation.
  ///   - leading: axes that each of these arrays has before those of the operand.
  public mutating func add(
    _ form: LinearForm, arrays: [Int], leading: [[[Int]]]? = nil
  ) -> Ends {
    let offset = sizes.count
    sizes += form.labels
    // An axis of size 1 needs no label, unless a relation says where it stands.
    let targets = Set(
      form.relations.map { relation in
        switch relation {
        case .affine(let target, _, _), .table(let target, _, _): target
        }
      })
    func isNamed(_ label: Int) -> Bool { form.labels[label] != 1 || targets.contains(label) }
    func moved(_ axes: [[Int]]) -> [[Int]] { axes.map { $0.filter(isNamed).map { $0 + offset } } }
    func array(_ operand: Int, _ axes: [[Int]]) -> [[Int]] {
      operand < 0 ? moved(axes) : (leading?[operand] ?? []) + moved(axes)
    }
    for residual in form.residuals {
      factors.append(
        Factor(
          array: residual.operand < 0 ? -1 : arrays[residual.operand],
          axes: array(residual.operand, residual.axes), use: residual.use))
    }
    for relation in form.relations {
      switch relation {
      case .affine(let target, let terms, let constant):
        relations.append(
          .affine(
            target: [target + offset],
            terms: terms.filter { isNamed($0.label) }
              .map { .init($0.label + offset, $0.coefficient) },
            offset: constant))
      case .table(let target, let operand, let axes):
        relations.append(
          .table(target: [target + offset], array: arrays[operand], axes: array(operand, axes)))
      }
    }
    return Ends(result: moved(form.result), operand: moved(form.operand))
  }

  /// Makes two arrays' axes the same: labels are merged, and split where one side has them finer.
  /// `ends` are lists of axes that the caller keeps; they follow.
  /// - Returns: false if there is no common refinement; the network is then of no use.
  public mutating func join(
    _ a: [[Int]], _ b: [[Int]], keeping ends: inout [[[Int]]]
  ) -> Bool {
    var left = Array(a.joined().reversed())
    var right = Array(b.joined().reversed())
    func rename(_ list: inout [Int], _ label: Int, _ new: [Int]) {
      list = list.flatMap { $0 == label ? Array(new.reversed()) : [$0] }
    }
    while let x = left.last, let y = right.last {
      if x == y {
        left.removeLast()
        right.removeLast()
        continue
      }
      let (small, large) = sizes[x] <= sizes[y] ? (x, y) : (y, x)
      guard sizes[small] > 0, sizes[large] % sizes[small] == 0 else { return false }
      let rest = sizes[large] / sizes[small]
      var new = [small]
      if rest > 1 {
        sizes.append(rest)
        new.append(sizes.count - 1)
      }
      replace(large, by: new, &ends)
      rename(&left, large, new)
      rename(&right, large, new)
    }
    // What is left over has size 1.
    return (left + right).allSatisfy { sizes[$0] == 1 }
  }

  public mutating func setOpen(_ axes: [[Int]]) { open = axes }

  private mutating func replace(_ label: Int, by new: [Int], _ ends: inout [[[Int]]]) {
    func list(_ labels: [Int]) -> [Int] { labels.flatMap { $0 == label ? new : [$0] } }
    func axes(_ axes: [[Int]]) -> [[Int]] { axes.map(list) }
    for index in factors.indices { factors[index].axes = axes(factors[index].axes) }
    open = axes(open)
    ends = ends.map(axes)
    // label = first · size(second) + second
    let inner = new.count == 2 ? sizes[new[1]] : 1
    for index in relations.indices {
      switch relations[index] {
      case .affine(let target, let terms, let offset):
        let expanded = terms.flatMap { term -> [LinearForm.Relation.Term] in
          guard term.label == label else { return [term] }
          let first = LinearForm.Relation.Term(new[0], term.coefficient * inner)
          return new.count == 2 ? [first, .init(new[1], term.coefficient)] : [first]
        }
        relations[index] = .affine(target: list(target), terms: expanded, offset: offset)
      case .table(let target, let array, let tableAxes):
        relations[index] = .table(target: list(target), array: array, axes: axes(tableAxes))
      }
    }
    sizes[label] = 0
  }

  /// The labels in use.
  public var labels: [Int] {
    var used = Set(open.joined())
    for factor in factors { used.formUnion(factor.axes.joined()) }
    for relation in relations {
      switch relation {
      case .affine(let target, let terms, _):
        used.formUnion(target)
        used.formUnion(terms.map(\.label))
      case .table(let target, _, let axes):
        used.formUnion(target)
        used.formUnion(axes.joined())
      }
    }
    return used.sorted()
  }
}
