/// Which axes of a program's values are the same axis: joined where an operation passes them
/// through untouched. What follows: along which axes samples are independent, and how a program
/// looks for another batch size.
public struct AxisLabels {
  private let program: Program
  /// Where the axes of each value start in the flat arrays.
  private let starts: [Int]
  private var parents: [Int32]
  /// For the root of a label: the first place where it is not carried untouched.
  private var ends: [Int32: End]
  /// Whether joins since the last search may have put two axes of a value under one label.
  private var mayMeetItself = true

  /// Why a label is not carried through.
  public struct End: Hashable, Sendable {
    public let operation: String
    public let source: SourceLine?

    public var description: String {
      let place = source.map { " (at \($0.file):\($0.line))" } ?? ""
      return "'\(operation)'\(place)"
    }
  }

  public init(_ program: Program) throws(NTKError) {
    self.program = program
    var starts: [Int] = []
    var count = 0
    for id in 0..<program.valueCount {
      starts.append(count)
      count += program.types[id].rank
    }
    self.starts = starts
    parents = (0..<Int32(count)).map { $0 }
    ends = [:]
    for equation in program.equations { try join(equation) }
  }

  private mutating func join(_ equation: Program.Equation) throws(NTKError) {
    let flow = try equation.primitive.axisFlow(program.types(of: equation.operands))
    let end = End(operation: equation.primitive.name, source: equation.source)
    var untouched = Set<AxisReference>()
    var made = Set<AxisReference>()
    for thread in flow.threads {
      var first: Int32?
      for reference in thread.operands {
        untouched.insert(reference)
        unite(&first, node(equation.operands[reference.array], reference.axis))
      }
      for reference in thread.results {
        made.insert(reference)
        unite(&first, node(equation.results[reference.array], reference.axis))
      }
    }
    for (position, operand) in equation.operands.enumerated() {
      for axis in program.type(of: operand).shape.indices
      where !untouched.contains(AxisReference(position, axis)) {
        markEnd(node(operand, axis), end)
      }
    }
    let repeated = Set(flow.repeated)
    for (position, result) in equation.results.enumerated() {
      for axis in program.type(of: result).shape.indices {
        let reference = AxisReference(position, axis)
        if !made.contains(reference) && !repeated.contains(reference) {
          markEnd(node(result, axis), end)
        }
      }
    }
  }

  private func node(_ value: Value, _ axis: Int) -> Int32 { Int32(starts[value.index] + axis) }

  private mutating func root(_ node: Int32) -> Int32 {
    var node = node
    while parents[Int(node)] != node {
      parents[Int(node)] = parents[Int(parents[Int(node)])]
      node = parents[Int(node)]
    }
    return node
  }

  private mutating func unite(_ first: inout Int32?, _ other: Int32) {
    guard let one = first else {
      first = other
      return
    }
    let (a, b) = (root(one), root(other))
    guard a != b else { return }
    // The lower index wins, so that the result does not depend on the order.
    let (winner, loser) = a < b ? (a, b) : (b, a)
    parents[Int(loser)] = winner
    if let end = ends.removeValue(forKey: loser), ends[winner] == nil { ends[winner] = end }
  }

  private mutating func markEnd(_ node: Int32, _ end: End) {
    let root = root(node)
    if ends[root] == nil { ends[root] = end }
  }

  /// The label of an axis.
  public mutating func label(of value: Value, axis: Int) -> Int32 { root(node(value, axis)) }

  /// Where a label ends, if it does: at an operation that does not carry it untouched, or where
  /// two axes of one value came together.
  public mutating func end(of label: Int32) -> End? {
    if mayMeetItself {
      mayMeetItself = false
      markMeetings()
    }
    return ends[root(label)]
  }

  /// Says that two axes are one: what a loop's carry is to its next value.
  public mutating func join(_ a: (value: Value, axis: Int), _ b: (value: Value, axis: Int)) {
    var first: Int32? = node(a.value, a.axis)
    unite(&first, node(b.value, b.axis))
    mayMeetItself = true
  }

  private mutating func markMeetings() {
    for id in 0..<program.valueCount where program.types[id].rank > 1 {
      var seen = Set<Int32>()
      for axis in program.types[id].shape.indices {
        let root = root(node(Value(id), axis))
        if !seen.insert(root).inserted {
          markEnd(root, End(operation: "two axes of one value", source: nil))
        }
      }
    }
  }

  /// The axes of a value that have a label.
  public mutating func axes(of value: Value, label: Int32) -> [Int] {
    let wanted = root(label)
    return program.type(of: value).shape.indices.filter { root(node(value, $0)) == wanted }
  }
}

extension Program {
  /// The same program for inputs of other sizes along transparent axes.
  /// - Parameter newTypes: of all inputs, of the same ranks.
  /// - Throws: `.axisNotUntouched` where a changed axis is not carried through.
  public func resized(inputs newTypes: [ValueType]) throws(NTKError) -> Program {
    var labels = try AxisLabels(self)
    var newSize: [Int32: Int] = [:]
    for (index, type) in newTypes.enumerated() {
      for axis in type.shape.indices where type.shape[axis] != types[index].shape[axis] {
        let label = labels.label(of: Value(index), axis: axis)
        if let end = labels.end(of: label) { throw .axisNotUntouched(end.description) }
        newSize[label] = type.shape[axis]
      }
    }
    func resize(_ value: Value) throws(NTKError) -> ValueType {
      let type = self.type(of: value)
      var sizes = type.shape.sizes
      for axis in sizes.indices {
        if let size = newSize[labels.label(of: value, axis: axis)] { sizes[axis] = size }
      }
      return try ValueType(type.elementType, sizes)
    }
    var b = ProgramBuilder()
    var map: [Value] = []
    for index in 0..<inputCount {
      let type = try resize(Value(index))
      guard type == newTypes[index] else {
        throw .shape(
          inputLabel(index), expected: "\(type.shape), as axes that belong together must agree",
          got: newTypes[index].shape)
      }
      map.append(b.input(type, name: inputNames[index]))
    }
    for equation in equations {
      b.source = equation.source
      let operands = equation.operands.map { map[$0.index] }
      var results: [ValueType] = []
      for result in equation.results { results.append(try resize(result)) }
      let primitive = try equation.primitive.resized(b.types(of: operands), results: results)
      map += try b.apply(primitive, operands)
    }
    return try b.finish(
      inputs: Array(map[0..<(inputCount - capturedCount)]),
      captured: Array(map[(inputCount - capturedCount)..<inputCount]),
      outputs: outputs.map { map[$0.index] })
  }

  /// The same program where one axis of one input, and every axis joined with it, has another
  /// size.
  public func resized(input: Int, axis: Int, size: Int) throws(NTKError) -> Program {
    guard input >= 0, input < inputCount else {
      throw .argument("input", expected: "an input below \(inputCount)", got: "\(input)")
    }
    let rank = types[input].rank
    guard axis >= -rank, axis < rank else { throw .axisOutOfRange(axis, rank: rank) }
    var labels = try AxisLabels(self)
    let label = labels.label(of: Value(input), axis: axis < 0 ? axis + rank : axis)
    var newTypes: [ValueType] = []
    for index in 0..<inputCount {
      var sizes = types[index].shape.sizes
      for axis in labels.axes(of: Value(index), label: label) { sizes[axis] = size }
      newTypes.append(try ValueType(types[index].elementType, sizes))
    }
    return try resized(inputs: newTypes)
  }
}
