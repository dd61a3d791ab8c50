/// A value of a program: an index.
public struct Value: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let id: Int32

  public init(_ id: Int) { self.id = Int32(truncatingIfNeeded: id) }

  public var index: Int { Int(id) }
  public var description: String { "%\(id)" }
  public static func < (a: Value, b: Value) -> Bool { a.id < b.id }
}

/// The line of the user's source that an equation comes from.
public struct SourceLine: Hashable, Sendable {
  public let file: String
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }
}

/// A program: a flat, immutable list of equations in static single assignment form.
///
/// Values are numbered: the inputs (captured ones last), then the results of the equations, in
/// order. There is no graph of references, so that a chain of 100,000 equations is built,
/// transformed, run and freed without recursion.
public final class Program: Sendable {
  /// One equation; its operands and results are in the program's flat arrays.
  struct Row: Sendable {
    let primitive: any Primitive
    let operandStart: Int32
    let operandCount: Int32
    let resultStart: Int32
    let resultCount: Int32
    /// Index into `sourceLines`, or -1.
    let source: Int32
  }

  let rows: [Row]
  let operandIDs: [Int32]
  /// The type of every value.
  let types: [ValueType]
  /// How many inputs there are, captured ones included.
  public let inputCount: Int
  /// How many of the last inputs are captured.
  public let capturedCount: Int
  /// Names of the inputs, for messages and text; empty where there is none.
  public let inputNames: [String]
  public let outputs: [Value]
  public let inputTypes: [ValueType]
  public let outputTypes: [ValueType]
  let sourceLines: [SourceLine]
  /// The structural hash, the same in every process.
  public let structuralHash: StructuralHash

  init(
    rows: [Row], operandIDs: [Int32], types: [ValueType], inputCount: Int, capturedCount: Int,
    inputNames: [String], outputs: [Value], sourceLines: [SourceLine]
  ) {
    self.rows = rows
    self.operandIDs = operandIDs
    self.types = types
    self.inputCount = inputCount
    self.capturedCount = capturedCount
    self.inputNames = inputNames
    self.outputs = outputs
    inputTypes = Array(types[0..<inputCount])
    outputTypes = outputs.map { types[$0.index] }
    self.sourceLines = sourceLines
    structuralHash = StructuralHash(
      rows: rows, operandIDs: operandIDs, inputTypes: types[0..<inputCount],
      capturedCount: capturedCount, outputs: outputs)
  }

  /// No inputs, no outputs.
  public static let empty = Program(
    rows: [], operandIDs: [], types: [], inputCount: 0, capturedCount: 0, inputNames: [],
    outputs: [], sourceLines: [])

  /// One equation of a program.
  public struct Equation {
    public let primitive: any Primitive
    public let operands: [Value]
    public let results: [Value]
    public let source: SourceLine?
  }

  public var equationCount: Int { rows.count }

  public func equation(_ index: Int) -> Equation {
    let row = rows[index]
    let start = Int(row.operandStart)
    return Equation(
      primitive: row.primitive,
      operands: operandIDs[start..<(start + Int(row.operandCount))].map { Value(Int($0)) },
      results: (0..<Int(row.resultCount)).map { Value(Int(row.resultStart) + $0) },
      source: row.source < 0 ? nil : sourceLines[Int(row.source)])
  }

  public var equations: some Sequence<Equation> { (0..<rows.count).lazy.map(equation) }

  public var valueCount: Int { types.count }
  public var inputs: [Value] { (0..<inputCount).map { Value($0) } }
  public func type(of value: Value) -> ValueType { types[value.index] }
  public func types(of values: [Value]) -> [ValueType] { values.map { types[$0.index] } }
}

extension Program: Hashable {
  public static func == (a: Program, b: Program) -> Bool {
    if a === b { return true }
    guard a.structuralHash == b.structuralHash, a.outputs == b.outputs,
      a.inputCount == b.inputCount, a.capturedCount == b.capturedCount,
      a.operandIDs == b.operandIDs, a.types == b.types, a.rows.count == b.rows.count
    else { return false }
    return zip(a.rows, b.rows).allSatisfy { x, y in
      x.operandCount == y.operandCount && x.resultCount == y.resultCount
        && x.primitive.isEqual(to: y.primitive)
    }
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(structuralHash) }
}
