import NTKOperations
import NTKProgram

/// What lets `Program`, whose initialiser is its module's own, be made from text.
public protocol ParsableProgram {}

extension Program: ParsableProgram {}

extension ParsableProgram where Self == Program {
  /// The program that a text describes (`docs/program-text.md`).
  /// - Throws: `.syntax`, and what operations throw about their operands.
  public init(parsing text: String) throws(NTKError) {
    self = try Program.parse(text.utf8, catalog: standardCatalog)
  }
}

extension Program {
  /// The program that a function of a builder describes: its inputs are those that it adds, in
  /// order, its outputs what it returns.
  public static func build(
    _ body: (inout ProgramBuilder) throws -> [Value]
  ) throws -> Program {
    var b = ProgramBuilder()
    let outputs = try body(&b)
    let inputs = (0..<b.valueCount).map { Value($0) }.filter { b.definition(of: $0) == nil }
    return try b.finish(inputs: inputs, outputs: outputs)
  }
}

extension ProgramBuilder {
  /// Adds an input.
  public mutating func input(
    _ elementType: ElementType, _ sizes: [Int], name: String = ""
  ) throws(NTKError) -> Value {
    input(try ValueType(elementType, sizes), name: name)
  }

  /// Applies an operation or a function by name (`docs/operations.md`).
  /// - Parameter parameters: as between the brackets of an equation, `axis=0, keepdims=true`.
  public mutating func apply(
    _ name: String, _ operands: [Value], parameters: String = ""
  ) throws(NTKError) -> [Value] {
    let values = try parseParameters(parameters.utf8, bodies: [], catalog: standardCatalog)
    guard let primitive = standardCatalog.primitive(named: name) else {
      for operand in operands { try check(operand) }
      return try applyNamed(name, operands, values, in: &self)
    }
    return try apply(primitive, operands, values)
  }

  private mutating func apply<P: Primitive>(
    _ type: P.Type, _ operands: [Value], _ parameters: [String: ParameterValue]
  ) throws(NTKError) -> [Value] {
    try apply(P(parameters: parameters), operands)
  }

  /// Applies an operation or a function with one result.
  public mutating func one(
    _ name: String, _ operands: Value..., parameters: String = ""
  ) throws(NTKError) -> Value {
    let results = try apply(name, operands, parameters: parameters)
    guard results.count == 1 else {
      throw .argument(name, expected: "an operation with one result", got: "\(results.count)")
    }
    return results[0]
  }
}
