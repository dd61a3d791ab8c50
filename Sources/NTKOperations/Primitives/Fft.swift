import NTKProgram
import NTKRuntime

/// Discrete Fourier transforms over the last axes, of lengths `fft_lengths`; complex arrays are
/// pairs of real and imaginary parts. `"FFT"` and `"IFFT"` take a pair to a pair; `"RFFT"` takes
/// real data to the pair of its transform's first half, `"IRFFT"` such a pair to real data.
public struct Fft: Linear {
  public static let name = "fft"
  public private(set) var kind = Kind.fft
  public private(set) var lengths: [Int] = []

  public enum Kind: String, Hashable, Sendable {
    case fft = "FFT"
    case ifft = "IFFT"
    case rfft = "RFFT"
    case irfft = "IRFFT"
  }

  public init() {}

  public init(_ kind: Kind, _ lengths: [Int]) {
    self.kind = kind
    self.lengths = lengths
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("fft_type", &kind)
    try coder.code("fft_lengths", &lengths)
  }

  private static func half(_ length: Int) -> Int { length == 0 ? 0 : length / 2 + 1 }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: kind == .rfft ? 1 : 2)
    _ = try expectFloats(operands.map(\.elementType))
    try operands.expectEqualTypes()
    let operand = operands[0]
    guard !lengths.isEmpty, lengths.count <= operand.rank,
      lengths.allSatisfy({ $0 >= 0 && $0 <= 1 << 31 })
    else {
      throw .parameter(
        "fft_lengths", expected: "1 to \(operand.rank) lengths up to 2³¹", got: "\(lengths)")
    }
    let batch = operand.shape.sizes.dropLast(lengths.count)
    let halved = Array(lengths.dropLast()) + [Fft.half(lengths[lengths.count - 1])]
    let (before, after) = (kind == .irfft ? halved : lengths, kind == .rfft ? halved : lengths)
    guard operand.shape.sizes.suffix(lengths.count) == before[...] else {
      throw .shape("operand 0", expected: "last axes of sizes \(before)", got: operand.shape)
    }
    let result = try ValueType(operand.elementType, batch + after)
    return kind == .irfft ? [result] : [result, result]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let resultCount = kind == .irfft ? 1 : 2
    return AxisFlow(
      (0..<(operands[0].rank - lengths.count)).map { axis in
        .init(
          operands: operands.indices.map { AxisReference($0, axis) },
          results: (0..<resultCount).map { AxisReference($0, axis) })
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Fft { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var leading: [Value] = []
    for (operand, axis) in zip(operands, axes) {
      leading.append(try b.atBatchAxis(operand, axis, 0, size: size))
    }
    let results = try b.apply(self, leading)
    return (results, results.map { _ in 0 })
  }

  // Of complex lines the transform's matrix is symmetric: transposed, as a real map of pairs, it is
  // the conjugate's, which is n times the inverse. Of half a line, elements between the ends stand
  // for two.
  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let first = cotangents.compactMap({ $0 }).first else { return operands.map { _ in nil } }
    let type = b.type(of: first)
    var given: [Value] = []
    for cotangent in cotangents { given.append(try b.instantiate(cotangent, type)) }
    let count = Double(lengths.reduce(1.0) { $0 * Double($1) })
    switch kind {
    case .fft:
      let results = try b.apply(Fft(.ifft, lengths), given)
      return [try b.mul(results[0], count), try b.mul(results[1], count)]
    case .ifft:
      let results = try b.apply(Fft(.fft, lengths), given)
      return [try b.mul(results[0], 1 / count), try b.mul(results[1], 1 / count)]
    case .rfft:
      var weighted: [Value] = []
      for value in given {
        weighted.append(try b.weighted(value, ends: count, between: count / 2, lengths))
      }
      return try b.apply(Fft(.irfft, lengths), weighted)
    case .irfft:
      var weighted: [Value] = []
      for value in try b.apply(Fft(.rfft, lengths), given) {
        weighted.append(try b.weighted(value, ends: 1 / count, between: 2 / count, lengths))
      }
      return weighted
    }
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  /// The axes one by one, with what stands before and after each in row-major order.
  private func steps(_ operand: ValueType) throws(NTKError) -> [FourierLines] {
    let first = operand.rank - lengths.count
    var sizes = operand.shape.sizes
    var steps: [FourierLines] = []
    let isReal = kind == .rfft || kind == .irfft
    let order = kind == .irfft ? Array(lengths.indices) : lengths.indices.reversed()
    for index in order {
      let axis = first + index
      let lines: FourierLines.Kind =
        !isReal || index != lengths.count - 1
        ? .complex : kind == .rfft ? .realToHalf : .halfToReal
      guard
        let step = FourierLines(
          lengths[index], kind: lines, isInverse: kind == .ifft || kind == .irfft,
          outer: sizes[..<axis].reduce(1, *), inner: sizes[(axis + 1)...].reduce(1, *))
      else { throw .unsupported("a transform of length \(lengths[index])") }
      steps.append(step)
      if lines == .realToHalf { sizes[axis] = Fft.half(lengths[index]) }
    }
    return steps
  }

  /// Bytes of a copy of the operands, where more than the last step changes them.
  private func copyByteCount(_ operand: ValueType) -> Int {
    kind == .irfft && lengths.count > 1 ? (2 * operand.byteCount + 63) / 64 * 64 : 0
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    let lines = try steps(operands[0]).map(\.scratchByteCount).max() ?? 0
    return [lines, copyByteCount(operands[0])].saturatingSum()
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    if context.operands[0].elementType == .f32 {
      try evaluate(context, Float.self)
    } else {
      try evaluate(context, Double.self)
    }
  }

  private func evaluate<T: BinaryFloatingPoint & Sendable>(
    _ context: EvaluationContext, _: T.Type
  ) throws(NTKError) {
    func parts(_ arrays: [ArrayReference]) -> FourierLines.Parts<T> {
      let pointers = arrays.map { $0.data.assumingMemoryBound(to: T.self) }
      return FourierLines.Parts(re: pointers[0], im: pointers.count > 1 ? pointers[1] : nil)
    }
    guard context.results[0].elementCount > 0 else { return }
    let operand = try ValueType(context.operands[0].elementType, context.operands[0].sizes)
    var input = parts(context.operands)
    let output = parts(context.results)
    let copyByteCount = copyByteCount(operand)
    let scratch = context.scratch.map { $0 + copyByteCount }
    let steps = try steps(operand)
    for (index, step) in steps.enumerated() {
      var target = output
      if kind == .irfft, index < steps.count - 1, let memory = context.scratch {
        let count = operand.shape.elementCount
        let copy = memory.assumingMemoryBound(to: T.self)
        target = FourierLines.Parts(re: copy, im: copy + count)
      }
      guard step.run(from: input, to: target, scratch: scratch) else {
        throw .outOfMemory(needed: 48 * lengths.reduce(0, max), limit: nil)
      }
      input = target
    }
  }
}

extension Fft.Kind: ParameterRepresentable {
  public static var parameterKind: String { "\"FFT\", \"IFFT\", \"RFFT\" or \"IRFFT\"" }
  public var parameterValue: ParameterValue { .string(rawValue) }
  public static func from(_ value: ParameterValue) -> Fft.Kind? {
    String.from(value).flatMap(Fft.Kind.init(rawValue:))
  }
}

extension ProgramBuilder {
  /// Halves of lines times one number at their ends, which stand for one element, and another
  /// between, where each stands for two.
  fileprivate mutating func weighted(
    _ x: Value, ends: Double, between: Double, _ lengths: [Int]
  ) throws(NTKError) -> Value {
    let shape = self.shape(of: x)
    let (axis, length) = (shape.rank - 1, lengths[lengths.count - 1])
    let place = try one(Iota(.i64, shape.sizes, dimension: axis))
    let zero = try zeros(type(of: place))
    var isEnd = try one(Eq(), place, zero)
    if length % 2 == 0 {
      let last = try full(Literal(length / 2, .i64), shape)
      isEnd = try one(Or(), isEnd, one(Eq(), place, last))
    }
    let factor = try select(isEnd, full(ends, like: x), full(between, like: x))
    return try mul(x, factor)
  }
}
