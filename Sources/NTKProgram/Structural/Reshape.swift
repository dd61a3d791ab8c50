/// The operand's elements, in row-major order, under another shape.
public struct Reshape: View {
  public static let name = "reshape"
  public private(set) var newSizes: [Int] = []

  public init() {}
  public init(_ newSizes: [Int]) { self.newSizes = newSizes }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("new_sizes", &newSizes)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let shape = try Shape(newSizes)
    guard shape.elementCount == operands[0].shape.elementCount else {
      throw .parameter(
        "new_sizes", expected: "sizes for \(operands[0].shape.elementCount) elements",
        got: "\(newSizes)")
    }
    return [operands[0].with(shape)]
  }

  /// Axes that stay as they are: both shapes are walked from the left, and where equally many
  /// elements stand before two axes of one size, one is the other.
  static func untouchedAxes(_ old: [Int], _ new: [Int]) -> [Int?] {
    var map = [Int?](repeating: nil, count: old.count)
    guard !old.contains(0) else {
      // Sizes no longer tell the groups apart; only a common prefix is certain.
      for axis in 0..<min(old.count, new.count) {
        guard old[axis] == new[axis] else { break }
        map[axis] = axis
      }
      return map
    }
    var source = 0
    var target = 0
    while source < old.count && target < new.count {
      if old[source] == new[target] {
        map[source] = target
        source += 1
        target += 1
        continue
      }
      // An axis of size 1 that only one side has.
      if old[source] == 1 {
        source += 1
        continue
      }
      if new[target] == 1 {
        target += 1
        continue
      }
      var sourceCount = old[source]
      var targetCount = new[target]
      source += 1
      target += 1
      while sourceCount != targetCount {
        if sourceCount < targetCount {
          guard source < old.count else { return map }
          sourceCount *= old[source]
          source += 1
        } else {
          guard target < new.count else { return map }
          targetCount *= new[target]
          target += 1
        }
      }
    }
    return map
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let map = Reshape.untouchedAxes(operands[0].shape.sizes, newSizes)
    var flow = AxisFlow.mapping(map)
    let targets = Set(map.compactMap { $0 })
    flow.repeated = newSizes.indices.filter { newSizes[$0] == 1 && !targets.contains($0) }
      .map { AxisReference(0, $0) }
    return flow
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Reshape {
    Reshape(results[0].shape.sizes)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let operand = try b.move(operands[0], axis: axes[0] ?? 0, to: 0)
    return (try b.apply(Reshape([size] + newSizes), [operand]), [0])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    return [try b.reshape(cotangent, to: type.shape)]
  }

  // The labels are the common refinement of both shapes; where there is none, there is no form.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let old = operands[0].shape
    guard old.elementCount > 0 else { return nil }
    func boundaries(_ sizes: [Int]) -> [Int] {
      var product = 1
      return sizes.map { size in
        product *= size
        return product
      }
    }
    let cuts = Set(boundaries(old.sizes) + boundaries(newSizes)).subtracting([1]).sorted()
    var labels: [Int] = []
    var before = 1
    for cut in cuts {
      guard cut % before == 0 else { return nil }
      labels.append(cut / before)
      before = cut
    }
    func axes(_ sizes: [Int]) -> [[Int]] {
      var start = 1
      return boundaries(sizes).map { end in
        let inside = cuts.indices.filter { cuts[$0] > start && cuts[$0] <= end }
        start = end
        return inside
      }
    }
    return LinearForm(labels: labels, result: axes(newSizes), operand: axes(old.sizes))
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    operand.reshaped(to: type.shape)
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    copyStrided(
      from: operand.data, Layout(sizes: operand.sizes, strides: operand.strides),
      to: context.results[0].data, itemSize: operand.elementType.byteCount)
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    if b.shape(of: operands[0]).sizes == newSizes { return operands }
    guard let (primitive, inner) = b.definition(of: operands[0]), primitive is Reshape else {
      return nil
    }
    return [try b.reshape(inner[0], to: try Shape(newSizes))]
  }
}
