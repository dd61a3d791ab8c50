import Foundation
import NTKOperations
import NTKProgram

/// What a law is checked on: a program and values for its inputs.
struct Subject: CustomStringConvertible {
  let description: String
  let program: Program
  /// Values of the inputs, from a seed.
  let inputs: @Sendable (UInt64) -> [TestArray]
  var step = OperationCase.Step.small
  var isReversible = true
  private var chosen: [Int]?

  init(
    _ description: String, _ program: Program, step: OperationCase.Step = .small,
    inputs: @escaping @Sendable (UInt64) -> [TestArray]
  ) {
    self.description = description
    self.program = program
    self.step = step
    self.inputs = inputs
  }

  init(_ row: OperationCase) throws(NTKError) {
    self.init("\(row)", try row.program(), step: row.step) { row.operands(seed: $0) }
    isReversible = row.isReversible
    chosen = row.active
  }

  /// The inputs to differentiate by.
  var active: [Int] {
    chosen ?? program.inputTypes.indices.filter { program.inputTypes[$0].isFloating }
  }

  /// The program that carries tangents too.
  func jvp() throws(NTKError) -> Subject {
    let types = active.map { program.inputTypes[$0] }
    let inputs = self.inputs
    // What was bilinear is cubic, or so.
    let step = if case .zero = step { step } else { OperationCase.Step.small }
    var subject = Subject("jvp of \(description)", try program.jvp(active: active), step: step) {
      inputs($0) + directions(types, seed: $0 + 1000)
    }
    subject.isReversible = isReversible
    if let chosen {
      subject.chosen = chosen + (program.inputCount..<(program.inputCount + chosen.count))
    }
    return subject
  }

  /// Whether a float in it has half the digits.
  var isSingle: Bool {
    (program.inputTypes + program.outputTypes).contains { $0.elementType == .f32 }
  }
  var tolerance: Double { isSingle ? 1e-5 : 1e-12 }
}

/// Random arrays.
func directions(_ types: [ValueType], seed: UInt64) -> [TestArray] {
  var generator = Generator(seed: seed)
  return types.map { OperationCase.Domain.any.array($0, &generator) }
}

/// What a law found instead.
struct LawFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The largest difference relative to the larger norm (at least 1); infinite where one is NaN or
/// infinite and the other is not the same.
func difference(_ a: TestArray, _ b: TestArray) -> Double {
  guard a.type == b.type else { return .infinity }
  var largest = 0.0
  var norm = 1.0
  for (x, y) in zip(a.values, b.values) {
    if x == y || (x.isNaN && y.isNaN) {
      if x.isFinite { norm = max(norm, abs(x)) }
      continue
    }
    guard x.isFinite, y.isFinite else { return .infinity }
    largest = max(largest, abs(x - y))
    norm = max(norm, abs(x), abs(y))
  }
  return largest / norm
}

func difference(_ a: [TestArray], _ b: [TestArray]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { difference($0, $1) }.max() ?? 0
}

/// - Throws: `LawFailure` unless the arrays are equal to the tolerance.
@discardableResult
func expectClose(
  _ got: [TestArray], _ expected: [TestArray], _ tolerance: Double,
  _ what: @autoclosure () -> String
) throws -> Double {
  let error = difference(got, expected)
  guard error <= tolerance else {
    throw LawFailure("\(what()): error \(error)\n  got      \(got)\n  expected \(expected)")
  }
  return error
}

/// Says how close a law came, if `NTK_LAW_REPORT` is set.
func report(_ text: @autoclosure () -> String) {
  if ProcessInfo.processInfo.environment["NTK_LAW_REPORT"] != nil { print(text()) }
}
