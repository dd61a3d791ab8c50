/// A program in the making. Every equation is checked as it is added.
public struct ProgramBuilder {
  private var rows: [Program.Row] = []
  private var operandIDs: [Int32] = []
  private var types: [ValueType] = []
  /// For each value, the equation that defines it, or -1 for an input.
  private var definitions: [Int32] = []
  private var names: [Int32: String] = [:]
  private var sourceLines: [SourceLine] = []
  private var sourceIndex: [SourceLine: Int32] = [:]
  private var currentSource: Int32 = -1

  public init() {}

  /// Adds an input. `finish` says in which order inputs stand and which are captured.
  public mutating func input(_ type: ValueType, name: String = "") -> Value {
    let value = Value(types.count)
    types.append(type)
    definitions.append(-1)
    if !name.isEmpty { names[value.id] = name }
    return value
  }

  /// The line of the user's source that the next equations come from.
  public var source: SourceLine? {
    get { currentSource < 0 ? nil : sourceLines[Int(currentSource)] }
    set {
      guard let line = newValue else {
        currentSource = -1
        return
      }
      if let index = sourceIndex[line] {
        currentSource = index
      } else {
        currentSource = Int32(truncatingIfNeeded: sourceLines.count)
        sourceIndex[line] = currentSource
        sourceLines.append(line)
      }
    }
  }

  public var valueCount: Int { types.count }
  public func type(of value: Value) -> ValueType { types[value.index] }
  public func types(of values: [Value]) -> [ValueType] { values.map { types[$0.index] } }
  public func shape(of value: Value) -> Shape { types[value.index].shape }

  /// - Throws: `.unknownValue` unless the value is one of this builder.
  public func check(_ value: Value) throws(NTKError) {
    guard value.index >= 0, value.index < types.count else { throw .unknownValue(value.index) }
  }

  /// The operation and operands that define a value; nil for an input.
  public func definition(of value: Value) -> (primitive: any Primitive, operands: [Value])? {
    let index = Int(definitions[value.index])
    guard index >= 0 else { return nil }
    let row = rows[index]
    let start = Int(row.operandStart)
    let operands = operandIDs[start..<(start + Int(row.operandCount))].map { Value(Int($0)) }
    return (row.primitive, operands)
  }

  /// Adds an equation.
  /// - Throws: what `resultTypes` throws, with the operation and the source line.
  public mutating func apply(
    _ primitive: some Primitive, _ operands: [Value]
  ) throws(NTKError) -> [Value] {
    for operand in operands { try check(operand) }
    let operandTypes = types(of: operands)
    let resultTypes: [ValueType]
    do throws(NTKError) {
      resultTypes = try primitive.resultTypes(operandTypes)
    } catch {
      throw located(.inOperation(primitive.name, operands: operandTypes, error))
    }
    guard types.count + resultTypes.count < Int32.max,
      operandIDs.count + operands.count < Int32.max
    else { throw .unsupported("a program of more than 2³¹ values") }
    let start = types.count
    rows.append(
      Program.Row(
        primitive: primitive, operandStart: Int32(operandIDs.count),
        operandCount: Int32(operands.count), resultStart: Int32(start),
        resultCount: Int32(resultTypes.count), source: currentSource))
    for operand in operands { operandIDs.append(operand.id) }
    types.append(contentsOf: resultTypes)
    for _ in resultTypes { definitions.append(Int32(rows.count - 1)) }
    return (start..<types.count).map { Value($0) }
  }

  /// Adds an equation with one result.
  public mutating func one(
    _ primitive: some Primitive, _ operands: Value...
  ) throws(NTKError) -> Value {
    try apply(primitive, operands)[0]
  }

  /// Adds the equations of a program, its inputs bound to operands; returns its outputs.
  public mutating func call(
    _ program: Program, _ operands: [Value]
  ) throws(NTKError) -> [Value] {
    guard operands.count == program.inputCount else {
      throw .operandCount(expected: "\(program.inputCount)", got: operands.count)
    }
    for (index, operand) in operands.enumerated() {
      try check(operand)
      let type = self.type(of: operand)
      let expected = program.types[index]
      guard type.elementType == expected.elementType else {
        throw .elementType(
          program.inputLabel(index), expected: expected.elementType.name, got: type.elementType)
      }
      guard type.shape == expected.shape else {
        throw .shape(
          program.inputLabel(index), expected: "\(expected.shape)", got: type.shape)
      }
    }
    var map = operands
    map.reserveCapacity(program.valueCount)
    let saved = currentSource
    defer { currentSource = saved }
    for equation in program.equations {
      source = equation.source ?? (saved < 0 ? nil : sourceLines[Int(saved)])
      map += try apply(equation.primitive, equation.operands.map { map[$0.index] })
    }
    return program.outputs.map { map[$0.index] }
  }

  /// The program from inputs to outputs. Equations that no output needs are left out.
  /// - Throws: `.dependsOnUnnamedInput`, `.argument` if an input is named twice.
  public func finish(
    inputs: [Value], captured: [Value] = [], outputs: [Value]
  ) throws(NTKError) -> Program {
    var renumbered = [Int32](repeating: -1, count: types.count)
    var newTypes: [ValueType] = []
    var inputNames: [String] = []
    for value in inputs + captured {
      try check(value)
      guard definitions[value.index] < 0 else {
        throw .argument("inputs", expected: "inputs of the builder", got: "\(value)")
      }
      guard renumbered[value.index] < 0 else {
        throw .argument("inputs", expected: "distinct inputs", got: "\(value) twice")
      }
      renumbered[value.index] = Int32(newTypes.count)
      newTypes.append(types[value.index])
      inputNames.append(names[value.id] ?? "")
    }
    for output in outputs { try check(output) }
    let needed = neededEquations(outputs)
    var newRows: [Program.Row] = []
    var newOperands: [Int32] = []
    for (index, row) in rows.enumerated() where needed[index] {
      let start = Int(row.operandStart)
      let newStart = newOperands.count
      for id in operandIDs[start..<(start + Int(row.operandCount))] {
        let new = renumbered[Int(id)]
        guard new >= 0 else { throw .dependsOnUnnamedInput(names[id] ?? "%\(id)") }
        newOperands.append(new)
      }
      let resultStart = newTypes.count
      for offset in 0..<Int(row.resultCount) {
        let old = Int(row.resultStart) + offset
        renumbered[old] = Int32(newTypes.count)
        newTypes.append(types[old])
      }
      newRows.append(
        Program.Row(
          primitive: row.primitive, operandStart: Int32(newStart),
          operandCount: row.operandCount, resultStart: Int32(resultStart),
          resultCount: row.resultCount, source: row.source))
    }
    var newOutputs: [Value] = []
    for output in outputs {
      let new = renumbered[output.index]
      guard new >= 0 else { throw .dependsOnUnnamedInput(names[output.id] ?? "\(output)") }
      newOutputs.append(Value(Int(new)))
    }
    return Program(
      rows: newRows, operandIDs: newOperands, types: newTypes,
      inputCount: inputs.count + captured.count, capturedCount: captured.count,
      inputNames: inputNames, outputs: newOutputs, sourceLines: sourceLines)
  }

  private func neededEquations(_ outputs: [Value]) -> [Bool] {
    var needed = [Bool](repeating: false, count: rows.count)
    for output in outputs {
      let definition = Int(definitions[output.index])
      if definition >= 0 { needed[definition] = true }
    }
    for index in rows.indices.reversed() where needed[index] {
      let start = Int(rows[index].operandStart)
      for id in operandIDs[start..<(start + Int(rows[index].operandCount))] {
        let definition = Int(definitions[Int(id)])
        if definition >= 0 { needed[definition] = true }
      }
    }
    return needed
  }

  private func located(_ error: NTKError) -> NTKError {
    guard let source else { return error }
    return .atLine(file: source.file, line: source.line, error)
  }
}

extension Program {
  /// How messages name an input.
  public func inputLabel(_ index: Int) -> String {
    let name = index < inputNames.count ? inputNames[index] : ""
    return name.isEmpty ? "input \(index)" : name
  }

  /// A program built by a function of its inputs.
  public static func build(
    _ inputTypes: [ValueType], names: [String] = [], captured: Int = 0,
    _ body: (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
  ) throws(NTKError) -> Program {
    var b = ProgramBuilder()
    var inputs: [Value] = []
    for (index, type) in inputTypes.enumerated() {
      inputs.append(b.input(type, name: index < names.count ? names[index] : ""))
    }
    let outputs = try body(&b, inputs)
    return try b.finish(
      inputs: Array(inputs.dropLast(captured)), captured: Array(inputs.suffix(captured)),
      outputs: outputs)
  }
}
