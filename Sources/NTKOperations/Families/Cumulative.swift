import NTKProgram
import NTKRuntime

/// Shape aspect: along one axis, what combines the elements up to each (if reversed, from each on).
protocol Cumulative: Primitive {
  var axis: Int { get set }
  var isReversed: Bool { get set }

  static func check(_ elementType: ElementType) throws(NTKError)

  associatedtype Combined: Combination
}

extension Cumulative {
  public init(axis: Int, reverse: Bool = false) {
    self.init()
    self.axis = axis
    isReversed = reverse
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("axis", &axis)
    try coder.code("reverse", &isReversed, default: false)
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    try Self.check(operands[0].elementType)
    try expectDistinctAxes([axis], rank: operands[0].rank)
    return operands
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    .mapping(operands[0].shape.indices.map { $0 == axis ? nil : $0 })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    let new = Self(axis: axis < batch ? axis : axis + 1, reverse: isReversed)
    return (try b.apply(new, operands), [batch])
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    Columns(context, axis: axis, isReversed: isReversed).accumulate(Combined.self)
  }

  // An axis of up to one element has nothing to combine.
  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    b.shape(of: operands[0])[axis] <= 1 ? operands : nil
  }
}

/// Derivative aspect: that of the same function as pairs combined, pairs of pairs, and so on, which
/// is the order in which jax.lax.associative_scan combines: it decides who has the tangent where
/// elements tie.
protocol CumulativeByPairs: Cumulative {
  /// Two neighbours, or what has been combined up to them, into one.
  static func combine(
    _ x: Value, _ y: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value
}

extension CumulativeByPairs {
  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    let pairs = try Program.build([b.type(of: operands[0])]) { b, inputs throws(NTKError) in
      let turned = isReversed ? try b.one(Rev([axis]), inputs[0]) : inputs[0]
      let result = try accumulatePairs(turned, in: &b)
      return [isReversed ? try b.one(Rev([axis]), result) : result]
    }
    return try pairs.jvp(operands, [tangent], in: &b).tangents
  }

  private func accumulatePairs(
    _ x: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let shape = b.shape(of: x)
    let count = shape[axis]
    guard count > 1 else { return x }
    func part(_ value: Value, from start: Int, to limit: Int, by stride: Int) -> Slice {
      let shape = b.shape(of: value)
      return Slice(
        shape.indices.map { $0 == axis ? start : 0 },
        shape.indices.map { $0 == axis ? limit : shape[$0] },
        strides: shape.indices.map { $0 == axis ? stride : 1 })
    }
    let even = try b.one(part(x, from: 0, to: count - 1, by: 2), x)
    let odd = try b.one(part(x, from: 1, to: count, by: 2), x)
    let pairs = try Self.combine(even, odd, in: &b)
    let atOdd = try accumulatePairs(pairs, in: &b)
    let first = try b.one(part(x, from: 0, to: 1, by: 1), x)
    var atEven = first
    if count > 2 {
      let before = try b.one(part(atOdd, from: 0, to: (count - 1) / 2, by: 1), atOdd)
      let own = try b.one(part(x, from: 2, to: count, by: 2), x)
      let rest = try Self.combine(before, own, in: &b)
      atEven = try b.one(Concatenate(axis), first, rest)
    }
    // Interleaved: both padded by zeros between and added.
    func spread(_ before: Int, _ length: Int) -> [PaddingConfig] {
      shape.indices.map { other in
        other == axis
          ? PaddingConfig(before, count - before - (2 * length - 1), 1) : PaddingConfig(0, 0)
      }
    }
    let zero = try b.full(.zero(b.type(of: x).elementType), .scalar)
    let evens = try b.one(Pad(spread(0, (count + 1) / 2)), atEven, zero)
    let odds = try b.one(Pad(spread(1, count / 2)), atOdd, zero)
    return try b.add(evens, odds)
  }
}

/// An operand as [outer, length, inner], to be combined along the middle.
struct Columns {
  private let source: UnsafeMutableRawPointer
  private let target: UnsafeMutableRawPointer
  private let outer: Int
  private let length: Int
  private let inner: Int
  private let isReversed: Bool
  let elementType: ElementType

  init(_ context: EvaluationContext, axis: Int, isReversed: Bool) {
    let operand = context.operands[0]
    source = operand.data
    target = context.results[0].data
    outer = operand.sizes[..<axis].reduce(1, *)
    length = operand.sizes[axis]
    inner = operand.sizes[(axis + 1)...].reduce(1, *)
    elementType = operand.elementType
    self.isReversed = isReversed
  }

  private static let width = 64

  /// Combines every column. f32 goes in double, because the errors of a long column add up.
  func accumulate<C: Combination>(_ combination: C.Type) {
    switch elementType {
    case .f32: run(Wide<C>.self)
    case .f64: run(Exact<C>.self)
    case .i32: run(Whole<Int32, C>.self)
    case .i64: run(Whole<Int64, C>.self)
    case .u8, .bool: run(Whole<UInt8, C>.self)
    case .u32: run(Whole<UInt32, C>.self)
    case .u64: run(Whole<UInt64, C>.self)
    }
  }

  private func run<S: Step>(_: S.Type) {
    guard length > 0, inner > 0 else { return }
    let pieces = (inner + Columns.width - 1) / Columns.width
    let grain = max(1, (1 << 14) / (length * min(inner, Columns.width)))
    nonisolated(unsafe) let source = source.assumingMemoryBound(to: S.Element.self)
    nonisolated(unsafe) let target = target.assumingMemoryBound(to: S.Element.self)
    let (length, inner) = (length, inner)
    let (firstRow, stride) = isReversed ? ((length - 1) * inner, -inner) : (0, inner)
    ThreadPool.forEachRange(outer * pieces, grain: grain) { range in
      withUnsafeTemporaryAllocation(of: S.State.self, capacity: Columns.width) { states in
        guard let states = states.baseAddress else { return }
        for piece in range {
          let start = piece % pieces * Columns.width
          let columns = min(Columns.width, inner - start)
          var row = piece / pieces * length * inner + start + firstRow
          if columns == 1 {
            var state = S.first(source[row])
            target[row] = S.value(state)
            for _ in 1..<max(length, 1) {
              row += stride
              state = S.next(state, source[row])
              target[row] = S.value(state)
            }
            continue
          }
          for column in 0..<columns {
            states[column] = S.first(source[row + column])
            target[row + column] = S.value(states[column])
          }
          for _ in 1..<max(length, 1) {
            row += stride
            for column in 0..<columns {
              states[column] = S.next(states[column], source[row + column])
              target[row + column] = S.value(states[column])
            }
          }
        }
      }
    }
  }
}

/// How two elements are combined: types rather than closures, so that loops are compiled for each.
protocol Combination {
  static func combine(_ x: Double, _ y: Double) -> Double
  static func combine<T: FixedWidthInteger>(_ x: T, _ y: T) -> T
}

/// What goes along a column.
private protocol Step {
  associatedtype Element: BitwiseCopyable
  associatedtype State: BitwiseCopyable
  static func first(_ x: Element) -> State
  static func next(_ state: State, _ x: Element) -> State
  static func value(_ state: State) -> Element
}

private enum Wide<C: Combination>: Step {
  static func first(_ x: Float) -> Double { Double(x) }
  static func next(_ state: Double, _ x: Float) -> Double { C.combine(state, Double(x)) }
  static func value(_ state: Double) -> Float { Float(state) }
}

private enum Exact<C: Combination>: Step {
  static func first(_ x: Double) -> Double { x }
  static func next(_ state: Double, _ x: Double) -> Double { C.combine(state, x) }
  static func value(_ state: Double) -> Double { state }
}

private enum Whole<T: FixedWidthInteger & BitwiseCopyable, C: Combination>: Step {
  static func first(_ x: T) -> T { x }
  static func next(_ state: T, _ x: T) -> T { C.combine(state, x) }
  static func value(_ state: T) -> T { state }
}
