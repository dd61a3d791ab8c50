import NTKProgram

/// One row of the table: an operation, the types of its operands, and what values they may have.
struct OperationCase: CustomStringConvertible {
  let primitive: any Primitive
  let types: [ValueType]
  var domains: [Domain]
  /// How a derivative is measured.
  var step = Step.small
  /// Whether reverse mode is there.
  var isReversible = true
  /// The operands to differentiate by; nil: all floating ones.
  var active: [Int]?
  /// Whether there are derivatives of derivatives.
  var isTwiceDifferentiable = true
  /// For each operand of the operation, which of the program's inputs it is; nil: one each.
  var wiring: [Int]?

  /// The values of an operand.
  enum Domain {
    /// Floats and signed integers around 0; for bool and unsigned ones from 0.
    case any
    /// Floats away from 0 on both sides.
    case nonzero
    case positive
    /// Floats of which no two are near each other: no ties.
    case distinct
    /// Floats between -0.9 and 0.9.
    case unit
    /// Floats near 1e-6.
    case small
    /// Floats from 1.25 on.
    case aboveOne
    /// Matrices in the last two axes, whose diagonals dominate and grow: positive definite, far from
    /// singular, eigenvalues far from one another.
    case dominant
    /// Integers of a range.
    case indices(ClosedRange<Int>)
  }

  enum Step {
    /// Differences of fourth order: the error is about 1e-10.
    case small
    /// A step of 1: central differences of linear and bilinear operations are exact.
    case one
    /// The derivative is 0, whatever the differences.
    case zero
  }

  init(
    _ primitive: any Primitive, _ types: [ValueType], _ domains: [Domain]? = nil,
    step: Step = .small, isReversible: Bool = true, active: [Int]? = nil
  ) {
    self.isReversible = isReversible
    self.active = active
    self.primitive = primitive
    self.types = types
    self.domains = domains ?? types.map { _ in .any }
    self.step = step
  }

  var description: String {
    guard let text = try? program().text else { return primitive.name }
    // Without the head of the program and its return.
    return text.split(separator: "\n").dropFirst(2).dropLast(2).joined(separator: "\n")
      + "  of " + types.map(\.description).joined(separator: ", ")
  }

  func program() throws(NTKError) -> Program {
    try Program.build(types) { b, inputs throws(NTKError) in
      try b.apply(primitive, wiring.map { $0.map { inputs[$0] } } ?? inputs)
    }
  }

  /// Operands of the types, from a seed.
  func operands(seed: UInt64) -> [TestArray] {
    var generator = Generator(seed: seed)
    return zip(types, domains).map { type, domain in domain.array(type, &generator) }
  }
}

extension OperationCase.Domain {
  func array(_ type: ValueType, _ generator: inout Generator) -> TestArray {
    var values: [Double] = []
    let count = type.shape.elementCount
    let order = Array(0..<count).shuffled(using: &generator)
    for index in 0..<count {
      values.append(value(type.elementType, order[index], count, &generator))
      if case .dominant = self, type.rank >= 2 {
        let columns = type.shape[type.rank - 1]
        let row = index / columns % type.shape[type.rank - 2]
        if row == index % columns { values[index] += Double(8 * (row + 1)) }
      }
    }
    return TestArray(type, values)
  }

  private func value(
    _ type: ElementType, _ rank: Int, _ count: Int, _ generator: inout Generator
  ) -> Double {
    let value = generator.uniform(-2...2)
    if case .indices(let range) = self { return Double(Int.random(in: range, using: &generator)) }
    guard type.isFloating else {
      if type == .bool { return Double(generator.below(2)) }
      return type.isSigned ? Double(generator.below(9) - 4) : Double(generator.below(9))
    }
    // f32 holds these exactly, so that comparisons in f64 see the numbers that were stored.
    func rounded(_ x: Double) -> Double { Double(Float(x)) }
    switch self {
    case .nonzero: return rounded(value < 0 ? value - 0.5 : value + 0.5)
    case .positive: return rounded(abs(value) + 0.5)
    case .unit: return rounded(value * 0.45)
    case .small: return rounded(1e-6 + value * 1e-8)
    case .aboveOne: return rounded(abs(value) + 1.25)
    case .distinct: return rounded(Double(rank - count / 2) * 0.75 + value / 16)
    default: return rounded(value)
    }
  }
}
