import NTKProgram
import NTKRuntime

/// How an axis is padded: before, after (negative: elements are left out), and between elements.
public struct PaddingConfig: Hashable, Sendable {
  public var low: Int
  public var high: Int
  public var interior: Int

  public init(_ low: Int, _ high: Int, _ interior: Int = 0) {
    self.low = low
    self.high = high
    self.interior = interior
  }

  static let none = PaddingConfig(0, 0)

  /// The size of a padded axis; nil if it is negative or too large.
  func paddedSize(_ size: Int) -> Int? {
    guard interior >= 0, low > -Shape.sizeLimit, high > -Shape.sizeLimit,
      low < Shape.sizeLimit, high < Shape.sizeLimit
    else { return nil }
    let (gaps, overflow) = interior.multipliedReportingOverflow(by: max(size - 1, 0))
    guard !overflow, gaps < Shape.sizeLimit else { return nil }
    let padded = size + gaps + low + high
    return padded >= 0 ? padded : nil
  }
}

extension Shape {
  /// Above any size of a shape, and such that a few of them add without overflow.
  static var sizeLimit: Int { Int.max / 8 }
}

extension PaddingConfig: ParameterRepresentable {
  public static var parameterKind: String { "a list [low, high, interior]" }
  public var parameterValue: ParameterValue { .list([.int(low), .int(high), .int(interior)]) }
  public static func from(_ value: ParameterValue) -> PaddingConfig? {
    guard let numbers = [Int].from(value), numbers.count == 3 else { return nil }
    return PaddingConfig(numbers[0], numbers[1], numbers[2])
  }
}

/// The operand with a scalar put around and between its elements.
public struct Pad: Linear {
  public static let name = "pad"
  public private(set) var paddingConfig: [PaddingConfig] = []

  public init() {}
  public init(_ paddingConfig: [PaddingConfig]) { self.paddingConfig = paddingConfig }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("padding_config", &paddingConfig)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    _ = try expectOneElementType(operands.map(\.elementType))
    let shape = operands[0].shape
    guard operands[1].rank == 0 else {
      throw .shape("operand 1", expected: "()", got: operands[1].shape)
    }
    guard paddingConfig.count == shape.rank else {
      throw .parameter(
        "padding_config", expected: "\(shape.rank) axes", got: "\(paddingConfig.count)")
    }
    var sizes: [Int] = []
    for (axis, config) in paddingConfig.enumerated() {
      guard let size = config.paddedSize(shape[axis]) else {
        throw .parameter(
          "padding_config", expected: "a padded size of at least 0 on axis \(axis)",
          got: "[\(config.low), \(config.high), \(config.interior)]")
      }
      sizes.append(size)
    }
    return [operands[0].with(try Shape(sizes))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    .mapping(paddingConfig.indices.map { paddingConfig[$0] == .none ? $0 : nil })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Pad { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    let operand = try b.atBatchAxis(operands[0], axes[0], batch, size: size)
    var config = paddingConfig
    config.insert(.none, at: batch)
    let pad = Pad(config)
    guard axes[1] != nil else { return ([try b.one(pad, operand, operands[1])], [batch]) }
    // A different scalar for each index: the operand's places are chosen by a mask.
    let type = b.type(of: operand)
    let zero = try b.full(.zero(type.elementType), .scalar)
    let padded = try b.one(pad, operand, zero)
    let isOperand = try pad.mask(of: type.shape, in: &b)
    let scalars = try b.broadcast(operands[1], to: b.shape(of: padded), axes: [batch])
    return ([try b.select(isOperand, padded, scalars)], [batch])
  }

  /// True where an element of the operand stands.
  private func mask(of shape: Shape, in b: inout ProgramBuilder) throws(NTKError) -> Value {
    let inside = try b.full(.one(.bool), shape)
    return try b.one(self, inside, b.full(.zero(.bool), .scalar))
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    var results: [Value?] = [nil, nil]
    let zero = try b.full(.zero(b.type(of: cotangent).elementType), .scalar)
    let shape: Shape
    if case .linear(let type) = operands[0] {
      // Undo what stands outside, then what stands between.
      let outside = paddingConfig.map { PaddingConfig(-$0.low, -$0.high) }
      let inner = try b.one(Pad(outside), cotangent, zero)
      let sizes = b.shape(of: inner).sizes
      results[0] = try b.one(
        Slice(
          sizes.map { _ in 0 }, sizes,
          strides: zip(paddingConfig, sizes).map { $1 > 1 ? $0.interior + 1 : 1 }), inner)
      shape = type.shape
    } else {
      shape = operands[0].value.map { b.shape(of: $0) } ?? .scalar
    }
    if operands[1].isLinear {
      // Not the sum of all less that of the operand's: an infinity would make it NaN.
      let isOperand = try mask(of: shape, in: &b)
      let zeros = try b.zeros(b.type(of: cotangent))
      let outside = try b.select(isOperand, zeros, cotangent)
      results[1] = try b.sum(outside, axes: Array(b.shape(of: cotangent).indices))
    }
    return results
  }

  // y[low + (interior + 1) u] = u[u]
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    guard operand == 0 else { return nil }
    let sizes = try resultTypes(operands)[0].shape
    var form = LinearForm.identity(operands[0].shape)
    for (axis, config) in paddingConfig.enumerated() where config != .none {
      form.result[axis] = [form.labels.count]
      form.labels.append(sizes[axis])
      // The distance of fewer than two elements does not matter.
      let distance = operands[0].shape[axis] > 1 ? config.interior + 1 : 1
      form.relations.append(
        .affine(
          target: form.result[axis][0], terms: [.init(axis, distance)], offset: config.low))
    }
    return form
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    let result = context.results[0]
    let size = operand.elementType.byteCount
    VectorLoops.fill(
      result.data, with: context.operands[1].data, itemSize: size, count: result.elementCount)
    var sizes: [Int] = []
    var source = operand.data
    var target = result.data
    var targetStrides: [Int] = []
    for (axis, config) in paddingConfig.enumerated() {
      let distance = operand.sizes[axis] > 1 ? config.interior + 1 : 1
      // The elements that stand inside: 0 ≤ low + distance·i < size of the result.
      let first = config.low >= 0 ? 0 : (-config.low - 1) / distance + 1
      let room = result.sizes[axis] - config.low
      let end = min(operand.sizes[axis], room <= 0 ? 0 : (room - 1) / distance + 1)
      guard first < end else { return }
      sizes.append(end - first)
      source += first * operand.strides[axis] * size
      target += (config.low + first * distance) * result.strides[axis] * size
      // With one element there is no step, which could be too long for an integer.
      targetStrides.append(end - first > 1 ? distance * result.strides[axis] * size : size)
    }
    VectorLoops.copy(
      to: target, strides: targetStrides, from: source, strides: operand.byteStrides,
      sizes: sizes, itemSize: size)
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    paddingConfig.allSatisfy { $0 == .none } ? [operands[0]] : nil
  }
}
