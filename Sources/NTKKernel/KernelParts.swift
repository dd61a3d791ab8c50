import NTKOperations
import NTKProgram

/// The programs of one output's kernel: one for each side, and one for the pair.
struct KernelParts: Sendable {
  /// (parameters, other inputs) -> what the first side gives to the pair.
  let firstSide: Program
  /// The same of the second side; nil: it is the first.
  let secondSide: Program?
  /// (what the first side gives, what the second gives unless it is the first) -> the result.
  let pair: Program
  /// Where samples stand in each array that a side gives; nil: it has none.
  let firstAxes: [Int?]
  let secondAxes: [Int?]
  /// For each parameter, whether it is contracted by pairs of terms.
  let choices: [Bool]
  /// What is done for each parameter, in words.
  let explanation: [String]
}

/// What the parts of one output are made from.
struct KernelPartsBuilder {
  let first: Program
  /// nil: the first.
  let second: Program?
  let output: Int
  let options: KernelOptions
  let rules: AxisRules
  let type: ValueType
  let samples: Result<SampleAxis, SampleAxis.Mixing>
  let secondSamples: Result<SampleAxis, SampleAxis.Mixing>?
  /// What was chosen for the whole of which this is a tile; nil: choose.
  let choices: [Bool]?

  func build() throws(NTKError) -> KernelParts {
    switch options.implementation {
    case .jacobianContraction: return try contraction()
    case .vectorProducts: return try products()
    case .automatic, .structuredDerivatives:
      if let parts = try structured() { return parts }
      return try contraction()
    }
  }

  private func matrixShape() throws(NTKError) -> Shape {
    let own = first.outputTypes[output].shape
    return try rules.matrixShape(own, second.map { $0.outputTypes[output].shape } ?? own)
  }

  private var parameters: [ValueType] { options.parameters.map { first.inputTypes[$0] } }

  /// What the pair takes, split into what each side gives; the body's kernel is one of matrices.
  private func pair(
    _ one: Program, _ two: Program?,
    _ body: (inout ProgramBuilder, [Value], [Value]) throws(NTKError) -> Value?
  ) throws(NTKError) -> Program {
    try Program.build(one.outputTypes + (two?.outputTypes ?? [])) { b, inputs throws(NTKError) in
      let left = Array(inputs.prefix(one.outputs.count))
      let right = two == nil ? left : Array(inputs.dropFirst(left.count))
      guard let kernel = try body(&b, left, right) else { return [try b.zeros(type)] }
      let symmetric = two == nil ? try b.symmetrized(kernel, rules) : kernel
      let count = rules.normalizer(first.outputTypes[output].shape)
      let scaled = options.normalizes ? try b.normalized(symmetric, by: count) : symmetric
      return [try b.transpose(scaled, rules.interleaving)]
    }.simplified()
  }

  /// The product of the Jacobians.
  private func contraction() throws(NTKError) -> KernelParts {
    let one = try JacobianSide(first, output: output, options, samples).program
    var two: Program?
    if let second, let secondSamples {
      two = try JacobianSide(second, output: output, options, secondSamples).program
    }
    let pair = try self.pair(one, two) { b, left, right throws(NTKError) in
      var sum: Value?
      for (x, y) in zip(left, right) {
        let own = try dense(x, y, in: &b)
        sum = try b.sum(sum, own)
      }
      return sum
    }
    func axes(_ side: Program?, _ found: Result<SampleAxis, SampleAxis.Mixing>?) -> [Int?] {
      guard let side, case .success(let axis) = found else { return [] }
      return side.outputs.map { _ in axis.outputAxis }
    }
    return KernelParts(
      firstSide: one, secondSide: two, pair: pair, firstAxes: axes(one, samples),
      secondAxes: axes(two, secondSamples), choices: options.parameters.map { _ in false },
      explanation: options.parameters.map { _ in "J·J'ᵀ, both dense" })
  }

  private func dense(
    _ left: Value, _ right: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let left = try b.convert(left, to: type.elementType)
    let right = try b.convert(right, to: type.elementType)
    return try b.contract(left, right, rules)
  }

  /// One pull-back and one push-forward for each row.
  private func products() throws(NTKError) -> KernelParts {
    let one = try LinearizedOutput(first, output: output, options, samples)
    var two: LinearizedOutput?
    if let second, let secondSamples {
      two = try LinearizedOutput(second, output: output, options, secondSamples)
    }
    let pair = try self.pair(one.program, two?.program) { b, left, right throws(NTKError) in
      if options.parameters.isEmpty { return nil }
      let whole = try b.vectorProducts(first: one, left, second: two ?? one, right)
      return try b.diagonals(b.convert(whole, to: type.elementType), rules)
    }
    return KernelParts(
      firstSide: one.program, secondSide: two?.program, pair: pair,
      firstAxes: one.isMapped.map { $0 ? 0 : nil },
      secondAxes: two?.isMapped.map { $0 ? 0 : nil } ?? [],
      choices: options.parameters.map { _ in false },
      explanation: options.parameters.map { _ in "J(J'ᵀv) for each row v of the basis" })
  }

  /// Sums of contractions of terms; nil: nothing but the dense product is of use.
  private func structured() throws(NTKError) -> KernelParts? {
    if options.parameters.isEmpty || choices.map({ !$0.contains(true) }) ?? false { return nil }
    let isForced = options.implementation == .structuredDerivatives
    let rows = first.outputTypes[output].shape.elementCount
    let columns = parameters.map(\.shape.elementCount).saturatingSum()
    var perSample = rows
    if case .success(let axis) = samples, axis.size > 0 { perSample = rows / axis.size }
    // Fewer parameters than outputs: one pass forwards for each parameter is the least.
    if rows == 0 || (!isForced && choices == nil && columns < perSample) { return nil }
    let one = try StructuredOutput(first, output: output, options, samples)
    var two: StructuredOutput?
    if let second, let secondSamples {
      two = try StructuredOutput(second, output: output, options, secondSamples)
    }
    let plan = try KernelPlan(
      one, two, rules, parameters, type.elementType, isForced: isForced, choices)
    if plan.isDense { return nil }
    // Of a symmetric kernel one side gives both terms.
    let left = try ChosenArrays(one, plan) { two == nil ? [$0.left, $0.right] : [$0.left] }
    let right = try two.map { two throws(NTKError) in
      try ChosenArrays(two, plan) { [$0.right] }
    }
    let pair = try self.pair(left.program, right?.program) { b, given, others throws(NTKError) in
      let x = left.spread(given)
      let y = (right ?? left).spread(others)
      // The last layers first: their cotangents are ready first, and are of no use afterwards.
      let order = plan.leaves.indices.sorted {
        (plan.leaves[$0].ready, $0) > (plan.leaves[$1].ready, $1)
      }
      var sum: Value?
      for position in order {
        let own = try contribution(position, plan.leaves[position], one, x, two ?? one, y, in: &b)
        sum = try b.sum(sum, own)
      }
      return sum
    }
    return KernelParts(
      firstSide: left.program, secondSide: right?.program, pair: pair, firstAxes: left.axes,
      secondAxes: right?.axes ?? [], choices: plan.leaves.map { $0.pairs != nil },
      explanation: plan.leaves.map(KernelParts.describe))
  }

  private func contribution(
    _ position: Int, _ leaf: KernelPlan.Leaf, _ left: StructuredOutput, _ x: [Value?],
    _ right: StructuredOutput, _ y: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> Value? {
    guard let pairs = leaf.pairs else {
      var sides: [Value] = []
      for (side, arrays) in [(left, x), (right, y)] {
        let index = try side.position(.jacobian(position))
        guard let array = arrays[index] else {
          throw .invariant("a Jacobian of a kernel is missing")
        }
        sides.append(try side.whole(array, isMapped: side.isMapped[index], in: &b))
      }
      return try dense(sides[0], sides[1], in: &b)
    }
    // What no pair uses stands for nothing: any value does.
    guard let some = (x + y).compactMap({ $0 }).first else { return nil }
    let arrays = (x + y).map { $0 ?? some }
    var sum: Value?
    for pair in pairs {
      var value = try b.contract(
        pair.contraction, pair.path, arrays: arrays, type.elementType)
      value = try b.reshape(value, to: matrixShape())
      if pair.isMirrored {
        let mirrored = try b.transpose(value, rules.matrixExchange)
        value = try b.add(value, mirrored)
      }
      sum = try b.sum(sum, value)
    }
    return sum
  }
}

extension StructuredOutput {
  /// A dense Jacobian as the pair takes it, of shape output + [P].
  fileprivate func whole(
    _ array: Value, isMapped: Bool, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    var value = array
    if let samples {
      if !isMapped { value = try b.broadcast(value, inserting: samples.size, at: 0) }
      value = try b.move(value, axis: 0, to: samples.outputAxis)
    }
    let rows = type.shape.sizes
    // A sample's own output has an axis of size 1 where the samples stood.
    let own = rows.count + (samples == nil ? 0 : 1)
    let count = b.shape(of: value).sizes.dropFirst(own).reduce(1, *)
    return try b.reshape(value, to: try Shape(rows + [count]))
  }
}

/// Those arrays of a side that a plan uses.
private struct ChosenArrays {
  let program: Program
  /// Where samples stand in each.
  let axes: [Int?]
  /// For each array of the side, its position among the chosen.
  private let positions: [Int?]

  init(
    _ side: StructuredOutput, _ plan: KernelPlan,
    _ terms: (KernelPlan.Pair) -> [StructuredOutput.Term]
  ) throws(NTKError) {
    var used = Set<Int>()
    for (position, leaf) in plan.leaves.enumerated() {
      guard let pairs = leaf.pairs else {
        used.insert(try side.position(.jacobian(position)))
        continue
      }
      for pair in pairs {
        for term in terms(pair) {
          used.insert(try side.position(.cotangent(term.edge)))
          for value in term.steps.flatMap(\.values) {
            used.insert(try side.position(.residual(value)))
          }
        }
      }
    }
    let chosen = used.sorted()
    program = try side.program.selecting(chosen).simplified()
    axes = chosen.map { side.isMapped[$0] ? 0 : nil }
    var positions = [Int?](repeating: nil, count: side.contents.count)
    for (position, index) in chosen.enumerated() { positions[index] = position }
    self.positions = positions
  }

  /// What the side gives, in the side's own numbering.
  func spread(_ given: [Value]) -> [Value?] { positions.map { $0.map { given[$0] } } }
}

extension KernelParts {
  fileprivate static func describe(_ leaf: KernelPlan.Leaf) -> String {
    func cost(_ cost: CostModel.Cost) -> String {
      "\(prefixed(cost.flops))FLOP, arrays of up to \(prefixed(cost.bytes))B"
    }
    let dense = "J·J'ᵀ, both dense: \(cost(leaf.denseCost))"
    switch (leaf.pairs, leaf.alternative) {
    case (let pairs?, .cost(let structured)):
      let paths = distinct(pairs.map { $0.path.description($0.names) }).joined(separator: " + ")
      return "\(paths.isEmpty ? "0" : paths): \(cost(structured)) (dense: \(cost(leaf.denseCost)))"
    case (_, .cost(let structured)): return "\(dense) (structured: \(cost(structured)))"
    case (_, .moreThan(let structured)):
      return "\(dense) (structured: more than \(cost(structured)))"
    case (_, .none): return "\(dense) (there is no form for its uses)"
    case (_, .notAsked): return dense
    }
  }
}

/// A number with three digits and a prefix of the metric system.
private func prefixed(_ number: Double) -> String {
  var number = number
  for prefix in ["", "k", "M", "G", "T"] {
    if number < 999.5 {
      let digits = number < 9.995 ? 100.0 : number < 99.95 ? 10 : 1
      let rounded = (number * digits).rounded() / digits
      return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + " " + prefix
    }
    number /= 1000
  }
  return "\(Int(number.rounded())) P"
}
