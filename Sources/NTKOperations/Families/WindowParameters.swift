import NTKProgram

/// The windows of jax.lax's reductions over windows: sizes, strides, paddings and dilations of every
/// axis.
public struct WindowParameters: Hashable, Sendable {
  public var dimensions: [Int] = []
  public var strides: [Int] = []
  /// Before and after each axis; negative: elements are left out.
  public var padding: [[Int]] = []
  public var baseDilation: [Int] = []
  public var windowDilation: [Int] = []

  public init() {}

  /// What is not given is 1, or no padding.
  public init(
    _ dimensions: [Int], strides: [Int]? = nil, padding: [[Int]]? = nil,
    baseDilation: [Int]? = nil, windowDilation: [Int]? = nil
  ) {
    let ones = dimensions.map { _ in 1 }
    self.dimensions = dimensions
    self.strides = strides ?? ones
    self.padding = padding ?? dimensions.map { _ in [0, 0] }
    self.baseDilation = baseDilation ?? ones
    self.windowDilation = windowDilation ?? ones
  }

  init(_ axes: [WindowAxis]) {
    dimensions = axes.map(\.window)
    strides = axes.map(\.stride)
    padding = axes.map { [$0.low, $0.high] }
    baseDilation = axes.map(\.baseDilation)
    windowDilation = axes.map(\.dilation)
  }

  static let names = WindowParameterNames(
    axis: "axis", baseDilation: "base_dilation", dilation: "window_dilation")

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("window_dimensions", &dimensions)
    let ones = dimensions.map { _ in 1 }
    try coder.code("window_strides", &strides, default: ones)
    try coder.code("padding", &padding, default: ones.map { _ in [0, 0] })
    try coder.code("base_dilation", &baseDilation, default: ones)
    try coder.code("window_dilation", &windowDilation, default: ones)
  }

  /// The shape of the result.
  func resultShape(_ shape: Shape) throws(NTKError) -> Shape {
    for (name, count) in [
      ("window_dimensions", dimensions.count), ("window_strides", strides.count),
      ("padding", padding.count), ("base_dilation", baseDilation.count),
      ("window_dilation", windowDilation.count),
    ] where count != shape.rank {
      throw .parameter(name, expected: "\(shape.rank) axes", got: "\(count)")
    }
    guard padding.allSatisfy({ $0.count == 2 }) else {
      throw .parameter("padding", expected: "a pair [low, high] for each axis", got: "\(padding)")
    }
    var sizes: [Int] = []
    var entries = 1
    for (number, axis) in axes(shape).enumerated() {
      guard axis.window >= 1 else {
        throw .parameter(
          "window_dimensions", expected: "at least 1 on axis \(number)", got: "\(axis.window)")
      }
      try axis.check(number, Self.names)
      let (product, overflow) = entries.multipliedReportingOverflow(by: axis.window)
      guard !overflow, product <= Int32.max else {
        throw .parameter(
          "window_dimensions", expected: "a window of less than 2³¹ entries", got: "\(dimensions)")
      }
      entries = product
      sizes.append(axis.positions)
    }
    return try Shape(sizes)
  }

  func axes(_ shape: Shape) -> [WindowAxis] {
    shape.indices.map {
      WindowAxis(
        size: shape[$0], window: dimensions[$0], stride: strides[$0], low: padding[$0][0],
        high: padding[$0][1], baseDilation: baseDilation[$0], dilation: windowDilation[$0])
    }
  }

  /// Which axes pass through, for each operand.
  func axisFlow(_ shape: Shape, operandCount: Int) -> AxisFlow {
    var threads: [AxisFlow.Thread] = []
    for (number, axis) in axes(shape).enumerated() where axis.isUntouched {
      threads.append(
        .init(
          operands: (0..<operandCount).map { AxisReference($0, number) },
          results: [AxisReference(0, number)]))
    }
    return AxisFlow(threads)
  }

  /// With one more axis, which passes through.
  func inserting(at axis: Int) -> WindowParameters {
    var new = self
    new.dimensions.insert(1, at: axis)
    new.strides.insert(1, at: axis)
    new.padding.insert([0, 0], at: axis)
    new.baseDilation.insert(1, at: axis)
    new.windowDilation.insert(1, at: axis)
    return new
  }
}
