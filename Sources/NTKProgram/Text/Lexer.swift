/// A piece of program text.
enum Token: Equatable {
  case identifier(String)
  case value(Int)
  case int(Int)
  case uint(UInt64)
  case float(Double)
  case string(String)
  /// `@name`, or a lone `@` (before a source line).
  case at(String)
  case dollar(Int)
  case punctuation(UInt8)
  case end

  var description: String {
    switch self {
    case .identifier(let text): "'\(text)'"
    case .value(let id): "'%\(id)'"
    case .int(let value): "'\(value)'"
    case .uint(let value): "'\(value)'"
    case .float(let value): "'\(value)'"
    case .string: "a string"
    case .at(let name): "'@\(name)'"
    case .dollar(let index): "'$\(index)'"
    case .punctuation(let byte): "'\(Character(UnicodeScalar(byte)))'"
    case .end: "the end of the text"
    }
  }
}

/// Cuts text, of any bytes, into tokens.
struct Lexer {
  private let bytes: [UInt8]
  private var index = 0
  /// Where the last token began.
  private(set) var tokenStart = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Line and column, both from 1, of a byte.
  func position(of byte: Int) -> (line: Int, column: Int) {
    var line = 1
    var start = 0
    for offset in 0..<min(byte, bytes.count) where bytes[offset] == UInt8(ascii: "\n") {
      line += 1
      start = offset + 1
    }
    return (line, byte - start + 1)
  }

  func error(_ what: String, at byte: Int? = nil) -> NTKError {
    let (line, column) = position(of: byte ?? tokenStart)
    return .syntax(what, line: line, column: column)
  }

  private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

  mutating func next() throws(NTKError) -> Token {
    skipSpace()
    tokenStart = index
    guard let byte = current else { return .end }
    switch byte {
    case UInt8(ascii: "%"):
      index += 1
      return .value(try natural())
    case UInt8(ascii: "$"):
      index += 1
      return .dollar(try natural())
    case UInt8(ascii: "@"):
      index += 1
      return .at(word())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"):
      return try number()
    case _ where isWordByte(byte): return identifier(word())
    default:
      index += 1
      return .punctuation(byte)
    }
  }

  private mutating func skipSpace() {
    while let byte = current {
      if byte == UInt8(ascii: "#") {
        while let other = current, other != UInt8(ascii: "\n") {
          _ = other
          index += 1
        }
      } else if byte == 32 || (9...13).contains(byte) {
        index += 1
      } else {
        return
      }
    }
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private mutating func word() -> String {
    let start = index
    while let byte = current, isWordByte(byte) { index += 1 }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  private func identifier(_ word: String) -> Token {
    switch word {
    case "nan": .float(.nan)
    case "inf": .float(.infinity)
    default: .identifier(word)
    }
  }

  private mutating func natural() throws(NTKError) -> Int {
    let start = index
    while let byte = current, (48...57).contains(byte) { index += 1 }
    guard let value = Int(String(decoding: bytes[start..<index], as: UTF8.self)),
      value <= Int32.max
    else { throw error("expected a number after '\(Character(UnicodeScalar(bytes[start - 1])))'") }
    return value
  }

  private mutating func number() throws(NTKError) -> Token {
    let start = index
    if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { index += 1 }
    if let byte = current, isWordByte(byte), !(48...57).contains(byte) {
      let isNegative = bytes[start] == UInt8(ascii: "-")
      switch word() {
      case "inf": return .float(isNegative ? -.infinity : .infinity)
      case "nan": return .float(.nan)
      default: throw error("expected a number")
      }
    }
    var isFloat = false
    while let byte = current {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): index += 1
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        isFloat = true
        index += 1
        if byte != UInt8(ascii: "."), current == UInt8(ascii: "-") || current == UInt8(ascii: "+") {
          index += 1
        }
      default:
        guard !isWordByte(byte) else { throw error("malformed number") }
        return try number(String(decoding: bytes[start..<index], as: UTF8.self), isFloat)
      }
    }
    return try number(String(decoding: bytes[start..<index], as: UTF8.self), isFloat)
  }

  private func number(_ text: String, _ isFloat: Bool) throws(NTKError) -> Token {
    if isFloat {
      guard let value = Double(text) else { throw error("malformed number '\(text)'") }
      return .float(value)
    }
    if let value = Int(text) { return .int(value) }
    if let value = UInt64(text) { return .uint(value) }
    throw error("'\(text)' is not a number of 64 bits")
  }

  private mutating func string() throws(NTKError) -> String {
    index += 1
    var content: [UInt8] = []
    while let byte = current {
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw error("a string is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        guard let escaped = current else { throw error("a string does not end") }
        index += 1
        switch escaped {
        case UInt8(ascii: "n"): content.append(10)
        case UInt8(ascii: "r"): content.append(13)
        case UInt8(ascii: "t"): content.append(9)
        case UInt8(ascii: "0"): content.append(0)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): content.append(escaped)
        default: throw error("unknown escape in a string", at: index - 2)
        }
      default: content.append(byte)
      }
    }
    throw error("a string does not end")
  }
}
