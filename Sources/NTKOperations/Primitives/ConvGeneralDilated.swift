import NTKProgram
import NTKRuntime

/// The convolution of jax.lax: windows of the left operand, multiplied by the right one and summed.
public struct ConvGeneralDilated: Bilinear {
  public static let name = "conv_general_dilated"
  public var windowStrides: [Int] = []
  /// Before and after each spatial axis; negative: elements are left out.
  public var padding: [[Int]] = []
  public var lhsDilation: [Int] = []
  public var rhsDilation: [Int] = []
  public var dimensionNumbers = ConvDimensionNumbers()
  public var featureGroupCount = 1
  public var batchGroupCount = 1

  public init() {}

  /// Dilations that are not given are 1.
  public init(
    windowStrides: [Int], padding: [[Int]], lhsDilation: [Int]? = nil, rhsDilation: [Int]? = nil,
    dimensionNumbers: ConvDimensionNumbers, featureGroupCount: Int = 1, batchGroupCount: Int = 1
  ) {
    let ones = windowStrides.map { _ in 1 }
    self.windowStrides = windowStrides
    self.padding = padding
    self.lhsDilation = lhsDilation ?? ones
    self.rhsDilation = rhsDilation ?? ones
    self.dimensionNumbers = dimensionNumbers
    self.featureGroupCount = featureGroupCount
    self.batchGroupCount = batchGroupCount
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("window_strides", &windowStrides)
    try coder.code("padding", &padding)
    let ones = windowStrides.map { _ in 1 }
    try coder.code("lhs_dilation", &lhsDilation, default: ones)
    try coder.code("rhs_dilation", &rhsDilation, default: ones)
    try coder.code("dimension_numbers", &dimensionNumbers)
    try coder.code("feature_group_count", &featureGroupCount, default: 1)
    try coder.code("batch_group_count", &batchGroupCount, default: 1)
  }

  static let names = WindowParameterNames(
    axis: "spatial axis", baseDilation: "lhs_dilation", dilation: "rhs_dilation")

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 2)
    let type = try expectOneElementType(operands.map(\.elementType))
    guard type != .bool else { throw .elementType("operand 0", expected: "a number", got: type) }
    let (left, right) = (operands[0].shape, operands[1].shape)
    guard left.rank >= 2 else {
      throw .shape("operand 0", expected: "a batch and a feature axis", got: left)
    }
    guard right.rank == left.rank else {
      throw .shape("operand 1", expected: "\(left.rank) axes, as operand 0", got: right)
    }
    let spatial = left.rank - 2
    for (name, count) in [
      ("window_strides", windowStrides.count), ("padding", padding.count),
      ("lhs_dilation", lhsDilation.count), ("rhs_dilation", rhsDilation.count),
    ] where count != spatial {
      throw .parameter(name, expected: "\(spatial) spatial axes", got: "\(count)")
    }
    guard padding.allSatisfy({ $0.count == 2 }) else {
      throw .parameter("padding", expected: "a pair [low, high] for each axis", got: "\(padding)")
    }
    try dimensionNumbers.check(rank: left.rank)
    try checkGroups(left, right)
    var sizes = [Int](repeating: 0, count: left.rank)
    sizes[dimensionNumbers.out[0]] = left[dimensionNumbers.lhs[0]] / batchGroupCount
    sizes[dimensionNumbers.out[1]] = right[dimensionNumbers.rhs[0]]
    for axis in 0..<spatial {
      let window = windowAxis(axis, left, right)
      try window.check(axis, Self.names)
      sizes[dimensionNumbers.out[2 + axis]] = window.positions
    }
    return [try ValueType(type, sizes)]
  }

  private func checkGroups(_ left: Shape, _ right: Shape) throws(NTKError) {
    for (name, count) in [
      ("feature_group_count", featureGroupCount), ("batch_group_count", batchGroupCount),
    ] where count < 1 {
      throw .parameter(name, expected: "at least 1", got: "\(count)")
    }
    guard featureGroupCount == 1 || batchGroupCount == 1 else {
      throw .parameter(
        "batch_group_count", expected: "1 where feature_group_count is not",
        got: "\(batchGroupCount)")
    }
    let channels = left[dimensionNumbers.lhs[1]]
    let features = right[dimensionNumbers.rhs[0]]
    let batch = left[dimensionNumbers.lhs[0]]
    let perGroup = right[dimensionNumbers.rhs[1]]
    guard channels % featureGroupCount == 0, channels / featureGroupCount == perGroup else {
      let groups = featureGroupCount == 1 ? "" : " in each of \(featureGroupCount) groups"
      throw .shape(
        "operand 1",
        expected: "input features (axis \(dimensionNumbers.rhs[1])) as many as operand 0's "
          + "\(channels) (axis \(dimensionNumbers.lhs[1]))\(groups)", got: right)
    }
    for (name, count) in [
      ("feature_group_count", featureGroupCount), ("batch_group_count", batchGroupCount),
    ] where features % count != 0 {
      throw .shape(
        "operand 1",
        expected:
          "output features (axis \(dimensionNumbers.rhs[0])) that \(name) = \(count) divides",
        got: right)
    }
    guard batch % batchGroupCount == 0 else {
      throw .shape(
        "operand 0",
        expected: "a batch (axis \(dimensionNumbers.lhs[0])) that batch_group_count = "
          + "\(batchGroupCount) divides", got: left)
    }
  }

  func windowAxis(_ axis: Int, _ left: Shape, _ right: Shape) -> WindowAxis {
    WindowAxis(
      size: left[dimensionNumbers.lhs[2 + axis]], window: right[dimensionNumbers.rhs[2 + axis]],
      stride: windowStrides[axis], low: padding[axis][0], high: padding[axis][1],
      baseDilation: lhsDilation[axis], dilation: rhsDilation[axis])
  }

  func windowAxes(_ operands: [ValueType]) -> [WindowAxis] {
    windowStrides.indices.map { windowAxis($0, operands[0].shape, operands[1].shape) }
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var threads: [AxisFlow.Thread] = []
    func thread(_ operand: Int, _ axis: Int, _ result: Int) {
      threads.append(
        .init(operands: [AxisReference(operand, axis)], results: [AxisReference(0, result)]))
    }
    let numbers = dimensionNumbers
    if batchGroupCount == 1 { thread(0, numbers.lhs[0], numbers.out[0]) }
    if featureGroupCount == 1, batchGroupCount == 1 { thread(1, numbers.rhs[0], numbers.out[1]) }
    for (axis, window) in windowAxes(operands).enumerated() where window.isUntouched {
      thread(0, numbers.lhs[2 + axis], numbers.out[2 + axis])
    }
    return AxisFlow(threads)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> ConvGeneralDilated { self }

  // y[n, p, g, j] = Σ over w, c of  x[n, h, g, c] · r[w, c, g, j]; groups of a batch alike.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let (left, right) = (operands[0].shape, operands[1].shape)
    let numbers = dimensionNumbers
    let groups = featureGroupCount * batchGroupCount
    var form = LinearForm(
      labels: [
        left[numbers.lhs[0]] / batchGroupCount, left[numbers.lhs[1]] / featureGroupCount,
        right[numbers.rhs[0]] / groups,
      ], result: [], operand: [])
    let (batch, channel, feature) = (0, 1, 2)
    var group: [Int] = []
    if groups > 1 {
      group = [form.labels.count]
      form.labels.append(groups)
    }
    var axes = (
      lhs: [[Int]](repeating: [], count: left.rank), rhs: [[Int]](repeating: [], count: left.rank),
      out: [[Int]](repeating: [], count: left.rank)
    )
    axes.lhs[numbers.lhs[0]] = (batchGroupCount > 1 ? group : []) + [batch]
    axes.lhs[numbers.lhs[1]] = (featureGroupCount > 1 ? group : []) + [channel]
    axes.rhs[numbers.rhs[0]] = group + [feature]
    axes.rhs[numbers.rhs[1]] = [channel]
    axes.out[numbers.out[0]] = [batch]
    axes.out[numbers.out[1]] = group + [feature]
    for (axis, window) in windowAxes(operands).enumerated() {
      guard let labels = form.addWindow(window) else { return nil }
      axes.lhs[numbers.lhs[2 + axis]] = [labels.operand]
      axes.rhs[numbers.rhs[2 + axis]] = [labels.window]
      axes.out[numbers.out[2 + axis]] = [labels.result]
    }
    form.result = axes.out
    form.operand = operand == 0 ? axes.lhs : axes.rhs
    form.residuals = [.init(1 - operand, operand == 0 ? axes.rhs : axes.lhs)]
    return form
  }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    let result = try resultTypes(operands)[0]
    return try convolution(operands, layouts, Layout(result.shape)).scratchByteCount
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    var types: [ValueType] = []
    for operand in context.operands {
      types.append(try ValueType(operand.elementType, operand.sizes))
    }
    let result = context.results[0]
    let convolution = try convolution(
      types, context.operands.map { Layout(sizes: $0.sizes, strides: $0.strides) },
      Layout(sizes: result.sizes, strides: result.strides))
    guard let scratch = context.scratch ?? (convolution.scratchByteCount == 0 ? result.data : nil)
    else { throw .invariant("\(name) was given no scratch memory") }
    convolution.run(
      out: result.data, left: context.operands[0].data, right: context.operands[1].data,
      scratch: scratch)
  }

  private func convolution(
    _ operands: [ValueType], _ layouts: [Layout], _ result: Layout
  ) throws(NTKError) -> Convolution {
    let numbers = dimensionNumbers
    let (left, right, out) = (layouts[0], layouts[1], result)
    let batch = left.sizes[numbers.lhs[0]] / batchGroupCount
    let channels = left.sizes[numbers.lhs[1]] / featureGroupCount
    let groups = featureGroupCount * batchGroupCount
    let features = right.sizes[numbers.rhs[0]] / groups
    let leftGroup =
      batchGroupCount > 1
      ? batch * left.strides[numbers.lhs[0]] : channels * left.strides[numbers.lhs[1]]
    let axes = windowAxes(operands).enumerated().map { number, original in
      let axis = original.normalized
      return Convolution.Axis(
        input: .init(axis.size, left: left.strides[numbers.lhs[2 + number]]),
        window: .init(axis.window, right: right.strides[numbers.rhs[2 + number]]),
        output: .init(original.positions, out: out.strides[numbers.out[2 + number]]),
        stride: axis.stride, dilation: axis.dilation, inputDilation: axis.baseDilation,
        low: axis.low)
    }
    let convolution = Convolution(
      operands[0].elementType.loop,
      groups: .init(
        groups, left: leftGroup, right: features * right.strides[numbers.rhs[0]],
        out: features * out.strides[numbers.out[1]]),
      batch: .init(
        batch, left: left.strides[numbers.lhs[0]], out: out.strides[numbers.out[0]]),
      features: .init(
        features, right: right.strides[numbers.rhs[0]], out: out.strides[numbers.out[1]]),
      channels: .init(
        channels, left: left.strides[numbers.lhs[1]], right: right.strides[numbers.rhs[1]]),
      axes: axes)
    guard let convolution else {
      throw .invariant("\(name) has no loop for \(operands[0].elementType.name)")
    }
    return convolution
  }
}

/// Where batch, feature and spatial axes stand: of each array first its batch axis, then its feature
/// axis (of the right operand: output features, input features), then the spatial ones.
public struct ConvDimensionNumbers: Hashable, Sendable, ParameterRepresentable {
  public var lhs: [Int] = []
  public var rhs: [Int] = []
  public var out: [Int] = []

  public init() {}
  public init(lhs: [Int], rhs: [Int], out: [Int]) {
    self.lhs = lhs
    self.rhs = rhs
    self.out = out
  }

  public static var parameterKind: String { "[lhs_spec, rhs_spec, out_spec]" }
  public var parameterValue: ParameterValue { [lhs, rhs, out].parameterValue }
  public static func from(_ value: ParameterValue) -> ConvDimensionNumbers? {
    guard let numbers = [[Int]].from(value), numbers.count == 3 else { return nil }
    return ConvDimensionNumbers(lhs: numbers[0], rhs: numbers[1], out: numbers[2])
  }

  /// - Throws: `.parameter` unless each is a permutation.
  func check(rank: Int) throws(NTKError) {
    for spec in [lhs, rhs, out] where spec.sorted() != Array(0..<rank) {
      throw .parameter(
        "dimension_numbers", expected: "three permutations of the \(rank) axes",
        got: "\([lhs, rhs, out])")
    }
  }
}
