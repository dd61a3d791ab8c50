import NTKProgram

/// Which axes of an operation's operands and results are one axis, seen through several bodies
/// together.
struct JoinedAxes {
  private enum Node: Hashable {
    case operand(AxisReference)
    case result(AxisReference)
    case label(body: Int, Int32)
  }

  private var parents: [Node: Node] = [:]
  private var order: [Node] = []
  private var ended = Set<Node>()

  private mutating func root(_ node: Node) -> Node {
    guard let parent = parents[node] else {
      parents[node] = node
      order.append(node)
      return node
    }
    var current = parent
    while let next = parents[current], next != current { current = next }
    parents[node] = current
    return current
  }

  private mutating func unite(_ a: Node, _ b: Node) {
    let (first, second) = (root(a), root(b))
    if first != second { parents[second] = first }
  }

  /// Adds a body: for each of its inputs and outputs, the operand and the results that it is.
  mutating func add(
    _ body: Program, index: Int, operands: [Int], inputResults: [Int?], outputResults: [Int?]
  ) throws(NTKError) {
    var labels = try AxisLabels(body)
    var fromInputs = Set<Int32>()
    for (input, operand) in operands.enumerated() {
      for axis in body.inputTypes[input].shape.indices {
        let label = labels.label(of: Value(input), axis: axis)
        fromInputs.insert(label)
        unite(.label(body: index, label), .operand(AxisReference(operand, axis)))
        if let result = inputResults[input] {
          unite(.label(body: index, label), .result(AxisReference(result, axis)))
        }
        if labels.end(of: label) != nil { ended.insert(.label(body: index, label)) }
      }
    }
    for (output, result) in outputResults.enumerated() {
      for axis in body.outputTypes[output].shape.indices {
        let label = labels.label(of: body.outputs[output], axis: axis)
        if let result {
          unite(.label(body: index, label), .result(AxisReference(result, axis)))
        }
        // An axis that comes from no input does not change its size with one.
        if labels.end(of: label) != nil || !fromInputs.contains(label) {
          ended.insert(.label(body: index, label))
        }
      }
    }
  }

  /// Threads of the axes that no body ends, and that are not two axes of one array.
  mutating func threads() -> [AxisFlow.Thread] {
    var bad = Set<Node>()
    for node in ended { bad.insert(root(node)) }
    var threads: [Node: AxisFlow.Thread] = [:]
    var roots: [Node] = []
    for node in order {
      let root = root(node)
      var thread = threads[root] ?? AxisFlow.Thread(operands: [], results: [])
      if threads[root] == nil { roots.append(root) }
      switch node {
      case .operand(let reference):
        if thread.operands.contains(where: { $0.array == reference.array }) { bad.insert(root) }
        thread.operands.append(reference)
      case .result(let reference):
        if thread.results.contains(where: { $0.array == reference.array }) { bad.insert(root) }
        thread.results.append(reference)
      case .label: break
      }
      threads[root] = thread
    }
    return roots.filter { !bad.contains($0) }.compactMap { threads[$0] }
      .filter { !$0.operands.isEmpty && !$0.results.isEmpty }
  }
}
