import NTKProgram

/// A loop of fixed length. The body maps (consts, carry, x) to (carry, y); operands are consts,
/// the first carry, and xs stacked along a first axis; results are the last carry and stacked ys.
public struct Scan: HigherOrder {
  public static let name = "scan"
  public internal(set) var body = Program.empty
  public internal(set) var length = 0
  public internal(set) var constCount = 0
  public internal(set) var carryCount = 0
  /// From the last x to the first; y stands where its x does.
  public internal(set) var isReversed = false

  public init() {}

  public init(
    _ body: Program, length: Int, constCount: Int, carryCount: Int, isReversed: Bool = false
  ) {
    self.body = body
    self.length = length
    self.constCount = constCount
    self.carryCount = carryCount
    self.isReversed = isReversed
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("jaxpr", &body)
    try coder.code("length", &length)
    try coder.code("num_consts", &constCount)
    try coder.code("num_carry", &carryCount)
    try coder.code("reverse", &isReversed, default: false)
  }

  public var bodies: [Program] { [body] }
  var carryRange: Range<Int> { constCount..<(constCount + carryCount) }
  var yCount: Int { body.outputs.count - carryCount }

  /// With a time axis in front.
  private func stacked(_ type: ValueType) throws(NTKError) -> ValueType {
    type.with(try type.shape.inserting(length, at: 0))
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    guard body.capturedCount == 0 else { throw .capturedInputsInBody }
    guard length >= 0 else { throw .negativeSize([length]) }
    guard constCount >= 0, carryCount >= 0, constCount <= body.inputCount,
      carryCount <= body.inputCount - constCount, carryCount <= body.outputs.count
    else {
      throw .parameter(
        "num_consts, num_carry", expected: "counts of the body's inputs and outputs",
        got: "\(constCount), \(carryCount)")
    }
    try operands.expect(count: body.inputCount)
    for (index, (operand, expected)) in zip(operands, body.inputTypes).enumerated() {
      let wanted = index < carryRange.upperBound ? expected : try stacked(expected)
      guard operand.elementType == wanted.elementType else {
        throw .elementType(
          "operand \(index)", expected: wanted.elementType.name, got: operand.elementType)
      }
      guard operand.shape == wanted.shape else {
        throw .shape("operand \(index)", expected: "\(wanted.shape)", got: operand.shape)
      }
    }
    for index in 0..<carryCount {
      let (before, after) = (body.inputTypes[constCount + index], body.outputTypes[index])
      guard before == after else {
        throw .parameter(
          "jaxpr", expected: "carry \(index) of type \(before) after a step", got: "\(after)")
      }
    }
    var results = Array(body.outputTypes.prefix(carryCount))
    for type in body.outputTypes.dropFirst(carryCount) { results.append(try stacked(type)) }
    return results
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    var labels = try AxisLabels(body)
    for index in 0..<carryCount {
      for axis in body.outputTypes[index].shape.indices {
        labels.join((Value(constCount + index), axis), (body.outputs[index], axis))
      }
    }
    // Axes of a stacked operand or result stand one further right than in the body.
    var threads: [Int32: AxisFlow.Thread] = [:]
    var order: [Int32] = []
    func add(_ label: Int32, operand: AxisReference? = nil, result: AxisReference? = nil) {
      if threads[label] == nil {
        threads[label] = .init(operands: [], results: [])
        order.append(label)
      }
      if let operand { threads[label]?.operands.append(operand) }
      if let result { threads[label]?.results.append(result) }
    }
    for index in 0..<body.inputCount {
      let shift = index < carryRange.upperBound ? 0 : 1
      for axis in body.inputTypes[index].shape.indices {
        add(
          labels.label(of: Value(index), axis: axis),
          operand: AxisReference(index, axis + shift))
      }
    }
    for (index, output) in body.outputs.enumerated() {
      let shift = index < carryCount ? 0 : 1
      for axis in body.outputTypes[index].shape.indices {
        add(labels.label(of: output, axis: axis), result: AxisReference(index, axis + shift))
      }
    }
    var flow = AxisFlow()
    for label in order {
      guard let thread = threads[label], labels.end(of: label) == nil, !thread.results.isEmpty
      else { continue }
      if thread.operands.isEmpty {
        flow.repeated += thread.results
      } else {
        flow.threads.append(thread)
      }
    }
    return flow
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Scan {
    var inputs: [ValueType] = []
    for (index, operand) in operands.enumerated() {
      inputs.append(
        index < carryRange.upperBound ? operand : operand.with(operand.shape.removing([0])))
    }
    var new = self
    new.body = try body.resized(inputs: inputs)
    return new
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var isMapped = axes.map { $0 != nil }
    var outputsMapped: [Bool]
    // A carry that becomes mapped in a step is mapped from the start.
    repeat {
      outputsMapped = try body.outputsMapped(isMapped, size: size)
      let known = isMapped
      for index in 0..<carryCount where outputsMapped[index] { isMapped[constCount + index] = true }
      if known == isMapped { break }
    } while true
    for index in 0..<carryCount { outputsMapped[index] = isMapped[constCount + index] }
    var new = self
    new.body = try body.vmapped(
      size: size, axes: isMapped.map { $0 ? 0 : nil }, outAxes: outputsMapped.map { $0 ? 0 : nil })
    var moved: [Value] = []
    for (index, operand) in operands.enumerated() {
      let target = index < carryRange.upperBound ? 0 : 1
      moved.append(
        isMapped[index]
          ? try b.atBatchAxis(operand, axes[index], target, size: size) : operand)
    }
    let results = try b.apply(new, moved)
    let resultAxes = outputsMapped.enumerated().map { index, mapped in
      mapped ? (index < carryCount ? 0 : 1) : nil
    }
    return (results, resultAxes)
  }

  // What the loop adds up inside cannot be said by one form; what needs no carry is hoisted.
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }
}
