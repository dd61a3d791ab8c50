/// An operation: its parameters and all its rules, in one value type in one file.
///
/// The order in a file: doc comment, parameters, result types, axis flow, form, evaluation,
/// derivative, simplification. What operations share lives in families (`Elementwise`, `View`,
/// `Linear`, `Bilinear`, ...); an operation takes a shape aspect and a derivative aspect, and
/// says only what is particular. Generic code never names an operation.
public protocol Primitive: Hashable, Sendable {
  /// The name in program text, errors, the builder and Python: jax.lax's.
  static var name: String { get }

  /// A value for reading parameters into.
  init()

  /// Names each parameter once, for reading and for writing.
  mutating func code(_ coder: inout ParameterCoder) throws(NTKError)

  /// Types of the results; throws facts about operands and parameters that do not fit.
  func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType]

  /// Which axes pass through untouched. Total: for any operands that `resultTypes` accepts.
  func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow

  /// The same operation where threads of `axisFlow` have other sizes.
  func resized(_ operands: [ValueType], results: [ValueType]) throws(NTKError) -> Self

  /// The operation mapped over an axis of some operands. At least one entry of `axes` is set;
  /// returns the results and where the axis stands in each, nil where a result lacks it.
  func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?])

  /// Tangents of the results; nil is zero. At least one tangent is set. Emits only what is linear
  /// in the tangents.
  func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?]

  /// The results and their tangents, where the rule gives both: `apply` and `jvp` unless the
  /// operation's own derivative computes its value anew.
  func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?])

  /// Computes the results into memory that the context has ready.
  func evaluate(_ context: inout EvaluationContext) throws(NTKError)

  /// How the executor may hand over operands.
  var evaluation: EvaluationTraits { get }

  /// Bytes of scratch memory that `evaluate` needs for operands of these layouts.
  func scratchByteCount(_ operands: [ValueType], layouts: [Layout]) throws(NTKError) -> Int

  /// Simpler values that are equal in every bit, NaN and infinities included; nil: none known.
  func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]?
}

/// What the executor may do for an operation.
public struct EvaluationTraits: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// `evaluate` takes operands of any strides; otherwise they are made row-major first.
  public static let anyStrides = EvaluationTraits(rawValue: 1)
  /// Cheap to compute again rather than to keep for a later use (views, constants).
  public static let cheap = EvaluationTraits(rawValue: 2)
  /// Stands for a derivative of which the caller gave only the transpose: forward mode is refused.
  public static let reverseOnly = EvaluationTraits(rawValue: 4)
}

/// Which operand a rule sees: a known value, or one that the operation is linear in.
public enum Operand {
  case known(Value)
  case linear(ValueType)

  public var value: Value? {
    if case .known(let value) = self { value } else { nil }
  }
  public var isLinear: Bool { value == nil }
}

/// An operation that is linear in some operands, given the others.
public protocol LinearInOperands: Primitive {
  /// Whether the operation is linear, jointly, in the operands that are not `known`.
  func isLinear(known: [Bool]) throws(NTKError) -> Bool

  /// Cotangents of the linear operands (nil: zero) from the results' (nil: zero, at least one
  /// set); entries of known operands are ignored.
  func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?]

  /// The dependence of the only result on one linear operand; nil: the kernel's cut stops here.
  func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm?
}

/// An operation whose result is its operand's elements at other places.
public protocol ViewPrimitive: Primitive {
  /// The result's layout over the operand's memory; nil if strides cannot say it.
  func view(of operand: Layout, _ type: ValueType) -> Layout?
}

/// An operation with nested programs.
public protocol HigherOrder: LinearInOperands {
  var bodies: [Program] { get }

  /// Splits into a part that needs only known operands and a rest, with residuals between them.
  func partiallyEvaluated(
    known: [Bool], _ operands: [ValueType]
  ) throws(NTKError) -> PartialEvaluation

  /// The results, with what linear operands give without the operation's state computed at once and
  /// outside of it; nil: nothing. The rest is the same operation.
  func hoisted(
    _ operands: [Value], isLinear: [Bool], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]?
}

/// An operation whose value is that of a program, its callee, on some of its operands. What else it
/// holds says how to differentiate, so that only what is run may be written out.
public protocol Call: HigherOrder {
  func callee() throws(NTKError) -> Program
  /// The operands that the callee takes, in order, of so many.
  func calleeOperands(_ count: Int) -> [Int]
}

/// How an operation splits: `known` gives some of the results, then residuals; `linear` gives the
/// other results from operands and residuals.
public struct PartialEvaluation {
  public enum Source: Hashable, Sendable {
    case operand(Int)
    case residual(Int)
  }
  public var known: any Primitive
  public var knownOperands: [Int]
  public var knownResults: [Int]
  public var linear: any Primitive
  public var linearOperands: [Source]
  public var linearResults: [Int]

  public init(
    known: any Primitive, knownOperands: [Int], knownResults: [Int], linear: any Primitive,
    linearOperands: [Source], linearResults: [Int]
  ) {
    self.known = known
    self.knownOperands = knownOperands
    self.knownResults = knownResults
    self.linear = linear
    self.linearOperands = linearOperands
    self.linearResults = linearResults
  }
}

/// Runs nested programs for an operation that is being evaluated.
public protocol BodyRunner {
  /// Operands may have any strides; so may results.
  func run(
    _ body: Program, _ operands: [ArrayReference], _ results: [ArrayReference]
  ) throws(NTKError)
}

/// Operands and results of one evaluation.
public struct EvaluationContext {
  public let operands: [ArrayReference]
  /// Row-major, without gaps.
  public let results: [ArrayReference]
  public let runner: any BodyRunner
  /// As many bytes as `scratchByteCount` asked for.
  public let scratch: UnsafeMutableRawPointer?

  public init(
    operands: [ArrayReference], results: [ArrayReference], runner: any BodyRunner,
    scratch: UnsafeMutableRawPointer?
  ) {
    self.operands = operands
    self.results = results
    self.runner = runner
    self.scratch = scratch
  }
}

extension Primitive {
  public var name: String { Self.name }

  /// The parameters as named values, those at their defaults left out.
  public var parameters: [(name: String, value: ParameterValue)] {
    var coder = ParameterCoder()
    var copy = self
    // Writing cannot fail: only reading meets what does not fit.
    try? copy.code(&coder)
    return coder.written
  }

  /// From named values.
  public init(parameters: [String: ParameterValue]) throws(NTKError) {
    self.init()
    var coder = ParameterCoder(reading: parameters)
    try code(&coder)
    try coder.finish(Self.name)
  }

  /// Whether another operation is the same with the same parameters.
  public func isEqual(to other: any Primitive) -> Bool { (other as? Self) == self }

  /// For operations without parameters.
  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {}

  public var evaluation: EvaluationTraits { [] }

  public func valueAndTangents(
    _ operands: [Value], _ tangents: [Value?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], tangents: [Value?]) {
    let results = try b.apply(self, operands)
    return (results, try jvp(operands, tangents, results: results, in: &b))
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int { 0 }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? { nil }
}

/// Checks that rules share.
extension Collection where Element == ValueType, Index == Int {
  /// - Throws: `.operandCount` if there are not as many operands.
  public func expect(count expected: Int) throws(NTKError) {
    guard count == expected else { throw .operandCount(expected: "\(expected)", got: count) }
  }

  /// - Throws: `.shapesDiffer`, `.elementTypesDiffer`.
  public func expectEqualTypes() throws(NTKError) {
    guard let first = self.first else { return }
    guard allSatisfy({ $0.elementType == first.elementType }) else {
      throw .elementTypesDiffer(map(\.elementType))
    }
    guard allSatisfy({ $0.shape == first.shape }) else { throw .shapesDiffer(map(\.shape)) }
  }
}

/// - Throws: `.axisOutOfRange`, `.repeatedAxis` unless the axes are distinct axes of the rank.
public func expectDistinctAxes(_ axes: [Int], rank: Int) throws(NTKError) {
  var seen = Set<Int>()
  for axis in axes {
    guard axis >= 0, axis < rank else { throw .axisOutOfRange(axis, rank: rank) }
    guard seen.insert(axis).inserted else { throw .repeatedAxis(axis) }
  }
}
