/// The value of an operation's parameter, as program text writes it.
public indirect enum ParameterValue: Hashable, Sendable {
  case none
  case int(Int)
  case uint(UInt64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case elementType(ElementType)
  case list([ParameterValue])
  case data(DenseArray)
  case program(Program)

  /// For messages.
  var kind: String {
    switch self {
    case .none: "none"
    case .int(let value): String(value)
    case .uint(let value): String(value)
    case .float(let value): value.description
    case .bool(let value): value.description
    case .string(let value): "\"\(value)\""
    case .elementType(let type): type.name
    case .list(let values): "[" + values.map(\.kind).joined(separator: ", ") + "]"
    case .data: "an array"
    case .program: "a program"
    }
  }
}

/// The elements of a constant array, row-major; compared and hashed by their bytes.
public struct DenseArray: Hashable, Sendable {
  public let type: ValueType
  public let bytes: [UInt8]

  /// Copies the elements, little-endian. Booleans become 0 or 1, NaNs the canonical one, so that
  /// equal arrays have equal bytes.
  public init(_ type: ValueType, bytes: [UInt8]) throws(NTKError) {
    guard bytes.count == type.byteCount else {
      throw .argument("data", expected: "\(type.byteCount) bytes", got: "\(bytes.count)")
    }
    self.type = type
    let elementType = type.elementType
    guard elementType.isFloating || elementType == .bool else {
      self.bytes = bytes
      return
    }
    var bytes = bytes
    bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      for index in 0..<type.shape.elementCount {
        let address = base + index * elementType.byteCount
        Literal(at: address, elementType).store(to: address)
      }
    }
    self.bytes = bytes
  }

  public subscript(index: Int) -> Literal {
    bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return .zero(type.elementType) }
      return Literal(at: base + index * type.elementType.byteCount, type.elementType)
    }
  }
}

/// A type that a parameter can have.
public protocol ParameterRepresentable {
  var parameterValue: ParameterValue { get }
  /// nil if the value is of another kind.
  static func from(_ value: ParameterValue) -> Self?
  /// What a message says was expected.
  static var parameterKind: String { get }
}

/// Reads an operation's parameters from named values, or writes them: the operation names each of
/// its parameters once, and text, parsing, hashing and the builder follow from that.
public struct ParameterCoder {
  /// What was written, in order; parameters at their defaults are left out.
  public private(set) var written: [(name: String, value: ParameterValue)] = []
  private var given: [String: ParameterValue]
  private let isReading: Bool

  /// A coder that writes.
  public init() {
    given = [:]
    isReading = false
  }

  /// A coder that reads.
  public init(reading given: [String: ParameterValue]) {
    self.given = given
    isReading = true
  }

  /// Codes one parameter; it must be given.
  public mutating func code<T: ParameterRepresentable>(
    _ name: String, _ value: inout T
  ) throws(NTKError) {
    guard isReading else {
      written.append((name, value.parameterValue))
      return
    }
    guard let parameter = given.removeValue(forKey: name) else { throw .missingParameter(name) }
    value = try ParameterCoder.convert(parameter, name)
  }

  /// Codes one parameter that has a default.
  public mutating func code<T: ParameterRepresentable & Equatable>(
    _ name: String, _ value: inout T, default initial: T
  ) throws(NTKError) {
    guard isReading else {
      if value != initial { written.append((name, value.parameterValue)) }
      return
    }
    guard let parameter = given.removeValue(forKey: name) else {
      value = initial
      return
    }
    value = try ParameterCoder.convert(parameter, name)
  }

  /// - Throws: `.unknownParameter` if a given parameter was not read.
  public func finish(_ operation: String) throws(NTKError) {
    if let name = given.keys.min() { throw .unknownParameter(name, operation: operation) }
  }

  private static func convert<T: ParameterRepresentable>(
    _ parameter: ParameterValue, _ name: String
  ) throws(NTKError) -> T {
    guard let value = T.from(parameter) else {
      throw .parameter(name, expected: T.parameterKind, got: parameter.kind)
    }
    return value
  }
}

extension ParameterValue: ParameterRepresentable {
  public static var parameterKind: String { "a value" }
  public var parameterValue: ParameterValue { self }
  public static func from(_ value: ParameterValue) -> ParameterValue? { value }
}

extension Int: ParameterRepresentable {
  public static var parameterKind: String { "an integer" }
  public var parameterValue: ParameterValue { .int(self) }
  public static func from(_ value: ParameterValue) -> Int? {
    if case .int(let value) = value { value } else { nil }
  }
}

extension Bool: ParameterRepresentable {
  public static var parameterKind: String { "true or false" }
  public var parameterValue: ParameterValue { .bool(self) }
  public static func from(_ value: ParameterValue) -> Bool? {
    if case .bool(let value) = value { value } else { nil }
  }
}

extension String: ParameterRepresentable {
  public static var parameterKind: String { "a string" }
  public var parameterValue: ParameterValue { .string(self) }
  public static func from(_ value: ParameterValue) -> String? {
    if case .string(let value) = value { value } else { nil }
  }
}

extension ElementType: ParameterRepresentable {
  public static var parameterKind: String { "an element type" }
  public var parameterValue: ParameterValue { .elementType(self) }
  public static func from(_ value: ParameterValue) -> ElementType? {
    if case .elementType(let value) = value { value } else { nil }
  }
}

extension Program: ParameterRepresentable {
  public static var parameterKind: String { "a program" }
  public var parameterValue: ParameterValue { .program(self) }
  public static func from(_ value: ParameterValue) -> Program? {
    if case .program(let program) = value { program } else { nil }
  }
}

extension Array: ParameterRepresentable where Element: ParameterRepresentable {
  public static var parameterKind: String { "a list, each \(Element.parameterKind)" }
  public var parameterValue: ParameterValue { .list(map(\.parameterValue)) }
  // Lists of integers are in nearly every operation.
  @_specialize(where Element == Int)
  @_specialize(where Element == [Int])
  public static func from(_ value: ParameterValue) -> [Element]? {
    guard case .list(let values) = value else { return nil }
    var result: [Element] = []
    for value in values {
      guard let element = Element.from(value) else { return nil }
      result.append(element)
    }
    return result
  }
}

extension Optional: ParameterRepresentable where Wrapped: ParameterRepresentable {
  public static var parameterKind: String { Wrapped.parameterKind + ", or none" }
  public var parameterValue: ParameterValue { self?.parameterValue ?? .none }
  public static func from(_ value: ParameterValue) -> Wrapped?? {
    if case .none = value { return .some(nil) }
    guard let wrapped = Wrapped.from(value) else { return nil }
    return .some(wrapped)
  }
}

extension DenseArray: ParameterRepresentable {
  public static var parameterKind: String { "an array" }
  public var parameterValue: ParameterValue { .data(self) }
  public static func from(_ value: ParameterValue) -> DenseArray? {
    if case .data(let value) = value { value } else { nil }
  }
}
