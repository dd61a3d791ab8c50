import NTKProgram

/// Einstein's summation, with NumPy's subscripts.
struct Einsum: NamedFunction {
  let name = "np.einsum"
  var subscripts = ""

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("subscripts", &subscripts)
  }

  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value] {
    _ = try b.oneElementType(operands)
    let shapes = operands.map { b.shape(of: $0) }
    let equation = try EinsumEquation(subscripts, ranks: shapes.map(\.rank))
    try expectSizes(equation, shapes)
    var terms: [Labelled] = []
    for (operand, labels) in zip(operands, equation.inputs) {
      terms.append(try b.diagonal(Labelled(value: operand, labels: labels)))
    }
    while terms.count > 1 {
      let (i, j) = cheapestPair(terms, in: b)
      let others = terms.indices.filter { $0 != i && $0 != j }.flatMap { terms[$0].labels }
      terms[i] = try b.product(terms[i], terms[j], keeping: Set(others + equation.output))
      terms.remove(at: j)
    }
    let sum = try b.summed(terms[0], keeping: Set(equation.output))
    return [try b.arranged(sum, equation.output).value]
  }

  /// - Throws: `.shapesDiffer` unless a label has one size everywhere, or 1.
  private func expectSizes(_ equation: EinsumEquation, _ shapes: [Shape]) throws(NTKError) {
    var sizes: [Int: Int] = [:]
    for (labels, shape) in zip(equation.inputs, shapes) {
      for (label, size) in zip(labels, shape) where size != 1 {
        guard sizes[label] == nil || sizes[label] == size else { throw .shapesDiffer(shapes) }
        sizes[label] = size
      }
    }
  }

  /// The pair whose product takes the fewest multiplications; the first of equals.
  private func cheapestPair(_ terms: [Labelled], in b: ProgramBuilder) -> (Int, Int) {
    var best = (pair: (0, 1), cost: Double.infinity)
    for j in terms.indices {
      for i in 0..<j {
        var sizes: [Int: Int] = [:]
        for term in [terms[i], terms[j]] {
          for (label, size) in zip(term.labels, b.shape(of: term.value)) {
            sizes[label] = max(sizes[label] ?? 1, size)
          }
        }
        // In the order of the labels: a product of doubles depends on it.
        let cost = sizes.sorted { $0.key < $1.key }.reduce(1.0) { $0 * Double($1.value) }
        if cost < best.cost { best = ((i, j), cost) }
      }
    }
    return best.pair
  }
}

/// Subscripts as labels: a letter is its character code; the axes of an ellipsis are -1, -2, ...
/// from the right.
struct EinsumEquation {
  let inputs: [[Int]]
  let output: [Int]

  /// - Throws: `.parameter`.
  init(_ subscripts: String, ranks: [Int]) throws(NTKError) {
    func failure(_ expected: String) -> NTKError {
      .parameter("subscripts", expected: expected, got: "\"\(subscripts)\"")
    }
    let bytes = subscripts.utf8.filter { $0 != UInt8(ascii: " ") }
    let sides = EinsumEquation.sides(bytes)
    let terms = sides.left.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard terms.count == ranks.count else { throw failure("\(ranks.count) terms") }
    var inputs: [[Int]] = []
    var ellipsisRank = 0
    for (term, rank) in zip(terms, ranks) {
      guard let parts = EinsumEquation.labels(term) else { throw failure("letters and \"...\"") }
      let letters = parts.before + parts.after
      let rest = rank - letters.count
      guard parts.hasEllipsis ? rest >= 0 : rest == 0 else {
        throw failure("a term of \(rank) labels")
      }
      ellipsisRank = max(ellipsisRank, rest)
      inputs.append(parts.before + EinsumEquation.ellipsis(rest) + parts.after)
    }
    self.inputs = inputs
    let all = inputs.joined()
    guard let right = sides.right else {
      // Labels that stand once, in the order of the alphabet.
      let counts = all.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      let single = counts.filter { $0.key >= 0 && $0.value == 1 }.keys.sorted()
      output = EinsumEquation.ellipsis(ellipsisRank) + single
      return
    }
    guard let parts = EinsumEquation.labels(right) else { throw failure("letters and \"...\"") }
    guard parts.hasEllipsis || ellipsisRank == 0 else {
      throw failure("\"...\" in the output")
    }
    output = parts.before + EinsumEquation.ellipsis(ellipsisRank) + parts.after
    guard Set(output).count == output.count, output.allSatisfy(all.contains) else {
      throw failure("distinct labels of the operands in the output")
    }
  }

  private static func ellipsis(_ rank: Int) -> [Int] { (0..<rank).map { $0 - rank } }

  private typealias Term = ArraySlice<UInt8>

  private static func sides(_ bytes: [UInt8]) -> (left: Term, right: Term?) {
    let arrow = Array("->".utf8)
    for index in bytes.indices.dropLast() where Array(bytes[index...(index + 1)]) == arrow {
      return (bytes[..<index], bytes[(index + 2)...])
    }
    return (bytes[...], nil)
  }

  /// nil unless the term is letters with at most one ellipsis.
  private static func labels(
    _ term: Term
  ) -> (before: [Int], hasEllipsis: Bool, after: [Int])? {
    var parts = (before: [Int](), hasEllipsis: false, after: [Int]())
    var rest = term
    while let byte = rest.first {
      if rest.starts(with: "...".utf8), !parts.hasEllipsis {
        parts.hasEllipsis = true
        rest = rest.dropFirst(3)
        continue
      }
      let lower = byte | 0x20
      guard lower >= UInt8(ascii: "a"), lower <= UInt8(ascii: "z") else { return nil }
      if parts.hasEllipsis { parts.after.append(Int(byte)) } else { parts.before.append(Int(byte)) }
      rest = rest.dropFirst()
    }
    return parts
  }
}
