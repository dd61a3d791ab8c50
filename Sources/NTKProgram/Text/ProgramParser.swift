/// The operations that text and builder can name.
public protocol OperationCatalog: Sendable {
  /// The operation of that name; nil if there is none.
  func primitive(named name: String) -> (any Primitive.Type)?
}

extension Program {
  /// Parses text (`docs/program-text.md`); any bytes give a program or an error.
  /// - Throws: `.syntax`, and what operations throw about their operands.
  public static func parse(
    _ text: some Sequence<UInt8>, catalog: some OperationCatalog
  ) throws(NTKError) -> Program {
    var parser = try ProgramParser(Array(text), catalog: catalog)
    return try parser.parseFile()
  }
}

/// The value of named parameters, as between the brackets of an equation; `$0` stands for a body.
public func parseParameters(
  _ text: some Sequence<UInt8>, bodies: [Program], catalog: some OperationCatalog
) throws(NTKError) -> [String: ParameterValue] {
  let bytes = Array(text)
  if bytes.isEmpty { return [:] }
  var parser = try ProgramParser(bytes, catalog: catalog, bodies: bodies)
  return try parser.parseParameterText()
}

/// A recursive-descent parser; its recursion is as deep as programs and lists nest, which is
/// limited.
private struct ProgramParser<Catalog: OperationCatalog> {
  private var lexer: Lexer
  private var token: Token
  private let catalog: Catalog
  private let bodies: [Program]
  private var arrays: [String: DenseArray] = [:]
  private var depth = 0

  private static var deepest: Int { 32 }

  init(_ bytes: [UInt8], catalog: Catalog, bodies: [Program] = []) throws(NTKError) {
    lexer = Lexer(bytes)
    token = try lexer.next()
    self.catalog = catalog
    self.bodies = bodies
  }

  mutating func parseFile() throws(NTKError) -> Program {
    guard token == .identifier("ntk") else { throw unexpected("'ntk 1' at the start") }
    try advance()
    guard token == .int(1) else { throw unexpected("format version 1") }
    try advance()
    while token == .identifier("data") {
      try advance()
      guard case .at(let name) = token, !name.isEmpty else { throw unexpected("'@name'") }
      try advance()
      let type = try parseType()
      guard case .string(let text) = token else { throw unexpected("a string of base 64") }
      guard let bytes = decodeBase64(text), bytes.count == type.byteCount else {
        throw lexer.error("expected base 64 of the \(type.byteCount) bytes of \(type)")
      }
      arrays[name] = try DenseArray(type, bytes: bytes)
      try advance()
    }
    let program = try parseProgram()
    guard token == .end else { throw unexpected("the end of the text") }
    return program
  }

  mutating func parseParameterText() throws(NTKError) -> [String: ParameterValue] {
    let parameters = try parseParameters()
    guard token == .end else { throw unexpected("the end of the parameters") }
    return parameters
  }

  private mutating func advance() throws(NTKError) { token = try lexer.next() }

  private func unexpected(_ wanted: String) -> NTKError {
    lexer.error("expected \(wanted), found \(token.description)")
  }

  private func isAt(_ scalar: UnicodeScalar) -> Bool {
    if case .punctuation(let byte) = token {
      byte == UInt8(truncatingIfNeeded: scalar.value)
    } else {
      false
    }
  }

  private mutating func skip(_ scalar: UnicodeScalar) throws(NTKError) -> Bool {
    guard isAt(scalar) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ scalar: UnicodeScalar) throws(NTKError) {
    guard try skip(scalar) else { throw unexpected("'\(scalar)'") }
  }

  private mutating func goDeeper() throws(NTKError) {
    guard depth < Self.deepest else { throw lexer.error("nested too deeply") }
    depth += 1
  }

  // type: f32[2,3]
  private mutating func parseType() throws(NTKError) -> ValueType {
    guard case .identifier(let name) = token, let type = ElementType(name: name) else {
      throw unexpected("an element type")
    }
    try advance()
    return try parseSizes(of: type)
  }

  private mutating func parseSizes(of type: ElementType) throws(NTKError) -> ValueType {
    try expect("[")
    var sizes: [Int] = []
    while !isAt("]") {
      if !sizes.isEmpty { try expect(",") }
      guard case .int(let size) = token else { throw unexpected("a size") }
      guard size >= 0, sizes.count < Shape.maximumRank else {
        throw lexer.error("a shape has up to \(Shape.maximumRank) sizes of at least 0")
      }
      sizes.append(size)
      try advance()
    }
    do throws(NTKError) {
      let result = try ValueType(type, sizes)
      try advance()
      return result
    } catch {
      throw lexer.error(error.message)
    }
  }

  private mutating func parseProgram() throws(NTKError) -> Program {
    try goDeeper()
    defer { depth -= 1 }
    guard token == .identifier("program") else { throw unexpected("'program'") }
    try advance()
    var b = ProgramBuilder()
    var names: [Int: Value] = [:]
    let inputs = try parseInputs(&b, &names)
    var captured: [Value] = []
    if token == .identifier("captured") {
      try advance()
      captured = try parseInputs(&b, &names)
    }
    try expect("{")
    while token != .identifier("return") { try parseEquation(&b, &names) }
    try advance()
    var outputs: [Value] = []
    while !isAt("}") {
      if !outputs.isEmpty { try expect(",") }
      outputs.append(try parseValue(names))
    }
    try advance()
    return try b.finish(inputs: inputs, captured: captured, outputs: outputs)
  }

  private mutating func parseInputs(
    _ b: inout ProgramBuilder, _ names: inout [Int: Value]
  ) throws(NTKError) -> [Value] {
    try expect("(")
    var inputs: [Value] = []
    while !isAt(")") {
      if !inputs.isEmpty { try expect(",") }
      guard case .value(let id) = token else { throw unexpected("an input '%0'") }
      guard names[id] == nil else { throw lexer.error("%\(id) is defined twice") }
      try advance()
      var name = ""
      if case .string(let text) = token {
        name = text
        try advance()
      }
      try expect(":")
      let value = b.input(try parseType(), name: name)
      names[id] = value
      inputs.append(value)
    }
    try advance()
    return inputs
  }

  private mutating func parseValue(_ names: [Int: Value]) throws(NTKError) -> Value {
    guard case .value(let id) = token else { throw unexpected("a value '%0'") }
    guard let value = names[id] else { throw lexer.error("%\(id) is not defined") }
    try advance()
    return value
  }

  private mutating func parseEquation(
    _ b: inout ProgramBuilder, _ names: inout [Int: Value]
  ) throws(NTKError) {
    var results: [(id: Int, type: ValueType?, at: Int)] = []
    repeat {
      guard case .value(let id) = token else { throw unexpected("an equation or 'return'") }
      let place = lexer.tokenStart
      guard names[id] == nil, !results.contains(where: { $0.id == id }) else {
        throw lexer.error("%\(id) is defined twice")
      }
      try advance()
      let type = try skip(":") ? try parseType() : nil
      results.append((id, type, place))
    } while try skip(",")
    try expect("=")
    guard case .identifier(let name) = token else { throw unexpected("an operation") }
    guard let operation = catalog.primitive(named: name) else {
      throw lexer.error("no operation is called '\(name)'")
    }
    let place = lexer.tokenStart
    try advance()
    var parameters: [String: ParameterValue] = [:]
    if try skip("[") {
      parameters = try parseParameters()
      try expect("]")
    }
    try expect("(")
    var operands: [Value] = []
    while !isAt(")") {
      if !operands.isEmpty { try expect(",") }
      operands.append(try parseValue(names))
    }
    try advance()
    b.source = try parseSource()
    let values: [Value]
    do throws(NTKError) {
      values = try b.apply(operation.init(parameters: parameters), operands)
    } catch {
      // Facts about an equation keep their status; the place is added.
      if case .syntax = error { throw error }
      let (line, column) = lexer.position(of: place)
      throw .atText(line: line, column: column, error)
    }
    guard values.count == results.count else {
      throw lexer.error("\(name) has \(values.count) results, not \(results.count)", at: place)
    }
    for (value, result) in zip(values, results) {
      if let type = result.type, type != b.type(of: value) {
        throw lexer.error(
          "%\(result.id) is written as \(type), but is \(b.type(of: value))", at: result.at)
      }
      names[result.id] = value
    }
  }

  // @"file":12
  private mutating func parseSource() throws(NTKError) -> SourceLine? {
    guard token == .at("") else { return nil }
    try advance()
    guard case .string(let file) = token else { throw unexpected("a file name") }
    try advance()
    try expect(":")
    guard case .int(let line) = token, line >= 0 else { throw unexpected("a line number") }
    try advance()
    return SourceLine(file: file, line: line)
  }

  private mutating func parseParameters() throws(NTKError) -> [String: ParameterValue] {
    var parameters: [String: ParameterValue] = [:]
    while case .identifier(let name) = token {
      guard parameters[name] == nil else { throw lexer.error("'\(name)' is given twice") }
      try advance()
      try expect("=")
      parameters[name] = try parseParameter()
      guard try skip(",") else { break }
    }
    return parameters
  }

  private mutating func parseParameter() throws(NTKError) -> ParameterValue {
    switch token {
    case .int(let value): return try taking(.int(value))
    case .uint(let value): return try taking(.uint(value))
    case .float(let value): return try taking(.float(value))
    case .string(let value): return try taking(.string(value))
    case .at(let name):
      guard let array = arrays[name] else { throw lexer.error("there is no data '@\(name)'") }
      return try taking(.data(array))
    case .dollar(let index):
      guard index < bodies.count else { throw lexer.error("there is no body $\(index)") }
      return try taking(.program(bodies[index]))
    case .identifier("true"), .identifier("True"): return try taking(.bool(true))
    case .identifier("false"), .identifier("False"): return try taking(.bool(false))
    case .identifier("none"), .identifier("None"): return try taking(.none)
    case .identifier(let name):
      guard let type = ElementType(name: name) else { throw unexpected("a value") }
      try advance()
      guard isAt("[") else { return .elementType(type) }
      return .data(try parseArray(parseSizes(of: type)))
    case .punctuation(UInt8(ascii: "[")), .punctuation(UInt8(ascii: "(")):
      let close: UnicodeScalar = isAt("[") ? "]" : ")"
      try advance()
      try goDeeper()
      defer { depth -= 1 }
      var values: [ParameterValue] = []
      while !isAt(close) {
        values.append(try parseParameter())
        guard try skip(",") else { break }
      }
      try expect(close)
      return .list(values)
    case .punctuation(UInt8(ascii: "{")):
      try advance()
      let program = try parseProgram()
      try expect("}")
      return .program(program)
    default: throw unexpected("a value")
    }
  }

  private mutating func taking(_ value: ParameterValue) throws(NTKError) -> ParameterValue {
    try advance()
    return value
  }

  // f32[3](1.0, 2.0, 3.0)
  private mutating func parseArray(_ type: ValueType) throws(NTKError) -> DenseArray {
    try expect("(")
    var bytes: [UInt8] = []
    while !isAt(")") {
      if !bytes.isEmpty { try expect(",") }
      let element = try parseParameter()
      let literal: Literal
      do throws(NTKError) {
        literal = try Literal(element, type.elementType, parameter: "an element")
      } catch {
        throw lexer.error(error.message)
      }
      withUnsafeBytes(of: literal.bits.littleEndian) {
        bytes.append(contentsOf: $0.prefix(type.elementType.byteCount))
      }
    }
    guard bytes.count == type.byteCount else {
      throw lexer.error("expected the \(type.shape.elementCount) elements of \(type)")
    }
    try advance()
    return try DenseArray(type, bytes: bytes)
  }
}

/// nil unless the text is base 64 with its padding.
private func decodeBase64(_ text: String) -> [UInt8]? {
  let bytes = Array(text.utf8)
  guard bytes.count % 4 == 0 else { return nil }
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count / 4 * 3)
  for start in stride(from: 0, to: bytes.count, by: 4) {
    var word: UInt32 = 0
    var padding = 0
    for offset in 0..<4 {
      let byte = bytes[start + offset]
      let digit: UInt32
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(byte) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(byte) - 97 + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte) - 48 + 52
      case UInt8(ascii: "+"): digit = 62
      case UInt8(ascii: "/"): digit = 63
      case UInt8(ascii: "=") where start + 4 == bytes.count && offset >= 2:
        padding += 1
        digit = 0
      default: return nil
      }
      if padding > 0 && byte != UInt8(ascii: "=") { return nil }
      word = word << 6 | digit
    }
    result.append(UInt8(truncatingIfNeeded: word >> 16))
    if padding < 2 { result.append(UInt8(truncatingIfNeeded: word >> 8)) }
    if padding < 1 { result.append(UInt8(truncatingIfNeeded: word)) }
  }
  return result
}
