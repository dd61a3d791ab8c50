import NTKProgram

/// A function of NumPy or of networks, written in terms of operations when a program is built: it
/// has no place in a program's text.
public protocol NamedFunction: Sendable {
  /// The name in the builder, in errors and in Python: `np.matmul`.
  var name: String { get }

  /// Names each parameter once.
  mutating func code(_ coder: inout ParameterCoder) throws(NTKError)

  /// Adds the function's operations.
  func apply(_ operands: [Value], in b: inout ProgramBuilder) throws(NTKError) -> [Value]
}

extension NamedFunction {
  /// For functions without parameters.
  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {}

  fileprivate func reading(_ parameters: [String: ParameterValue]) throws(NTKError) -> Self {
    var copy = self
    var coder = ParameterCoder(reading: parameters)
    try copy.code(&coder)
    try coder.finish(name)
    return copy
  }
}

/// Adds the operation or function of that name.
/// - Throws: `.unknownOperation`, and what it throws about its operands and parameters.
public func applyNamed(
  _ name: String, _ operands: [Value], _ parameters: [String: ParameterValue],
  in b: inout ProgramBuilder
) throws(NTKError) -> [Value] {
  for operand in operands { try b.check(operand) }
  let types = b.types(of: operands)
  if let type = standardCatalog.primitive(named: name) {
    let primitive: any Primitive
    do throws(NTKError) {
      primitive = try type.init(parameters: parameters)
    } catch {
      throw b.located(error, name, types)
    }
    return try b.apply(primitive, operands)
  }
  guard let function = standardFunctions[name] else { throw .unknownOperation(name) }
  do throws(NTKError) {
    return try function.reading(parameters).apply(operands, in: &b)
  } catch {
    throw b.located(error, name, types)
  }
}

extension ProgramBuilder {
  /// An error with the function in which it came up, and the source line.
  fileprivate func located(_ error: NTKError, _ name: String, _ types: [ValueType]) -> NTKError {
    switch error {
    case .unknownParameter: error
    case .atLine(let file, let line, let cause):
      .atLine(file: file, line: line, .inOperation(name, operands: types, cause))
    default:
      if let source {
        .atLine(
          file: source.file, line: source.line, .inOperation(name, operands: types, error))
      } else {
        .inOperation(name, operands: types, error)
      }
    }
  }

  /// The types of a function's operands.
  /// - Throws: `.operandCount`, `.elementTypesDiffer`.
  func oneElementType(_ operands: [Value], count: Int? = nil) throws(NTKError) -> ElementType {
    if let count { try types(of: operands).expect(count: count) }
    guard !operands.isEmpty else { throw .operandCount(expected: "at least 1", got: 0) }
    return try expectOneElementType(types(of: operands).map(\.elementType))
  }

  /// - Throws: `.operandCount`, `.elementType` unless there is one floating operand.
  func oneFloating(_ operands: [Value]) throws(NTKError) -> Value {
    let type = try oneElementType(operands, count: 1)
    guard type.isFloating else {
      throw .elementType("operand 0", expected: "f32 or f64", got: type)
    }
    return operands[0]
  }
}

/// Every function, by name.
let standardFunctions: [String: any NamedFunction] = {
  let functions: [any NamedFunction] =
    broadcastingFunctions + unaryFunctions + [
      Where(), BroadcastTo(), MatMul(), TensorDot(), Einsum(), Sum(), Greatest(), Least(), Mean(),
      Variance(), Softmax(), LogSoftmax(), LogSumExp(), Solve(), Inverse(), Determinant(),
      SignAndLogarithm(), CholeskyFactor(), SymmetricEigenvectors(),
    ]
  return Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}()

/// The names of all functions, sorted.
public var standardFunctionNames: [String] { standardFunctions.keys.sorted() }
