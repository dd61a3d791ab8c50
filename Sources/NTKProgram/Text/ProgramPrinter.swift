extension Program: CustomStringConvertible {
  /// The program as text that parses back to an equal one; `docs/program-text.md`.
  public var description: String { text }

  public var text: String {
    var printer = ProgramPrinter()
    printer.print(self, indent: "")
    var head = "ntk 1\n"
    for (name, array) in printer.arrays {
      head += "data @\(name) \(array.type) \"\(base64(array.bytes))\"\n"
    }
    return head + printer.text + "\n"
  }
}

/// Writes programs; arrays too long for a line are collected for the head of the text.
private struct ProgramPrinter {
  var text = ""
  var arrays: [(String, DenseArray)] = []
  private var arrayNames: [DenseArray: String] = [:]

  private static let longestInline = 16

  mutating func print(_ program: Program, indent: String) {
    let ordinary = program.inputCount - program.capturedCount
    text += "program(" + inputs(program, 0..<ordinary) + ")"
    if program.capturedCount > 0 {
      text += " captured(" + inputs(program, ordinary..<program.inputCount) + ")"
    }
    text += " {\n"
    for equation in program.equations {
      text += indent + "  "
      for (index, result) in equation.results.enumerated() {
        text += (index > 0 ? ", " : "") + "\(result): \(program.type(of: result))"
      }
      text += " = \(equation.primitive.name)"
      let parameters = equation.primitive.parameters
      if !parameters.isEmpty {
        text += "["
        for (index, parameter) in parameters.enumerated() {
          text += (index > 0 ? ", " : "") + parameter.name + "="
          print(parameter.value, indent: indent + "    ")
        }
        text += "]"
      }
      text += "(" + equation.operands.map(\.description).joined(separator: ", ") + ")"
      if let source = equation.source { text += " @\(quoted(source.file)):\(source.line)" }
      text += "\n"
    }
    text += indent + "  return"
    if !program.outputs.isEmpty {
      text += " " + program.outputs.map(\.description).joined(separator: ", ")
    }
    text += "\n" + indent + "}"
  }

  private func inputs(_ program: Program, _ range: Range<Int>) -> String {
    range.map { index in
      let name = program.inputNames[index]
      return "%\(index)" + (name.isEmpty ? "" : " \(quoted(name))")
        + ": \(program.inputTypes[index])"
    }.joined(separator: ", ")
  }

  private mutating func print(_ value: ParameterValue, indent: String) {
    switch value {
    case .none: text += "none"
    case .int(let value): text += String(value)
    case .uint(let value): text += String(value)
    case .float(let value): text += Literal(value, .f64).description
    case .bool(let value): text += value ? "true" : "false"
    case .string(let value): text += quoted(value)
    case .elementType(let value): text += value.name
    case .list(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += ", " }
        print(value, indent: indent)
      }
      text += "]"
    case .data(let array): print(array)
    case .program(let program):
      text += "{"
      print(program, indent: indent)
      text += "}"
    }
  }

  private mutating func print(_ array: DenseArray) {
    let count = array.type.shape.elementCount
    if count <= ProgramPrinter.longestInline {
      let elements = (0..<count).map { array[$0].description }.joined(separator: ", ")
      text += "\(array.type)(\(elements))"
      return
    }
    let name = arrayNames[array] ?? "a\(arrays.count)"
    if arrayNames[array] == nil {
      arrayNames[array] = name
      arrays.append((name, array))
    }
    text += "@\(name)"
  }
}

private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\0": result += "\\0"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

private let digits = Array(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private func base64(_ bytes: [UInt8]) -> String {
  var result: [UInt8] = []
  result.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let count = min(3, bytes.count - start)
    var word = 0
    for offset in 0..<3 { word = word << 8 | (offset < count ? Int(bytes[start + offset]) : 0) }
    for digit in 0..<4 {
      result.append(
        digit <= count ? digits[word >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: result, as: UTF8.self)
}
