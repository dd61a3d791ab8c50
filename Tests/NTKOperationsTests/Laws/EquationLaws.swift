import NTKExecution
import NTKOperations
import NTKProgram
import NTKRuntime

/// An operation with operands of some values, as it stands in a program.
struct EquationSample: CustomStringConvertible {
  let primitive: any Primitive
  let operands: [TestArray]

  var types: [ValueType] { operands.map(\.type) }
  var description: String {
    OperationCase(primitive, types).description
  }
}

/// Every equation of a program, run on some inputs; each operation once for the types it meets.
func samples(_ program: Program, _ inputs: [TestArray]) throws -> [EquationSample] {
  var values = inputs
  var seen = Set<String>()
  var samples: [EquationSample] = []
  for equation in program.equations {
    let sample = EquationSample(
      primitive: equation.primitive, operands: equation.operands.map { values[$0.index] })
    if seen.insert(sample.description).inserted { samples.append(sample) }
    values += try evaluate(sample.primitive, sample.operands)
  }
  return samples
}

/// Every value of a program, inputs first.
func allValues(_ program: Program, _ inputs: [TestArray]) throws -> [TestArray] {
  var values = inputs
  for equation in program.equations {
    values += try evaluate(equation.primitive, equation.operands.map { values[$0.index] })
  }
  return values
}

/// One operation's results.
func evaluate(
  _ primitive: any Primitive, _ operands: [TestArray], strided: Bool = false, pattern: UInt8 = 0
) throws -> [TestArray] {
  let buffers = operands.map { strided ? TestBuffer(strided: $0) : TestBuffer($0) }
  let results = try primitive.resultTypes(operands.map(\.type)).map {
    TestBuffer($0, pattern: pattern)
  }
  let layouts = buffers.map {
    Layout(sizes: $0.reference.sizes, strides: $0.reference.strides)
  }
  let size = try primitive.scratchByteCount(operands.map(\.type), layouts: layouts)
  let scratch = AlignedStorage(byteCount: size)!
  var context = EvaluationContext(
    operands: buffers.map(\.reference), results: results.map(\.reference),
    runner: ReferenceEvaluator(), scratch: scratch.baseAddress)
  try primitive.evaluate(&context)
  guard results.allSatisfy(\.guardsAreIntact) else {
    throw LawFailure("wrote outside of a result")
  }
  return withExtendedLifetime(scratch) { results.map(\.array) }
}

/// `evaluate` writes every element of the results that `resultTypes` tells, no other memory, and
/// takes operands of any strides where it says so; a view is what it copies; a block may run in
/// place.
func checkEvaluationLaw(_ sample: EquationSample) throws -> Double {
  let (primitive, operands) = (sample.primitive, sample.operands)
  let results = try evaluate(primitive, operands, pattern: 0)
  try expectSameBits(
    try evaluate(primitive, operands, pattern: 0xFF), results, "elements that are not written")
  if primitive.evaluation.contains(.anyStrides) {
    try expectClose(
      try evaluate(primitive, operands, strided: true), results, 1e-12, "strided operands")
  }
  if let view = primitive as? any ViewPrimitive {
    for buffer in [TestBuffer(operands[0]), TestBuffer(strided: operands[0])] {
      let layout = Layout(sizes: buffer.reference.sizes, strides: buffer.reference.strides)
      guard let seen = view.view(of: layout, results[0].type) else { continue }
      let copy = TestBuffer(results[0].type)
      copyStrided(
        from: buffer.reference.data + seen.offset * buffer.type.elementType.byteCount, seen,
        to: copy.reference.data, itemSize: buffer.type.elementType.byteCount)
      try expectSameBits([copy.array], results, "view of \(layout)")
    }
  }
  if let elementwise = primitive as? any Elementwise,
    let block = elementwise.block(operands.map(\.type.elementType))
  {
    let size = results[0].type.elementType.byteCount
    for place in operands.indices where operands[place].type.elementType.byteCount == size {
      let buffers = operands.map { TestBuffer($0) }
      let pointers = buffers.map { UnsafeRawPointer($0.reference.data) }
      block(
        buffers[place].reference.data, pointers, results[0].type.shape.elementCount)
      let inPlace = ArrayReference(data: buffers[place].reference.data, type: results[0].type)
      let copy = TestBuffer(results[0].type)
      copyArray(from: inPlace, to: copy.reference)
      try expectSameBits([copy.array], results, "in place of operand \(place)")
    }
  }
  return 0
}

/// Along a thread the operation works position by position, for any size of it; along a repeated
/// axis the result is the same everywhere.
func checkAxisFlowLaw(_ sample: EquationSample) throws -> Double {
  let (primitive, operands) = (sample.primitive, sample.operands)
  let types = sample.types
  let flow = try primitive.axisFlow(types)
  let resultTypes = try primitive.resultTypes(types)
  let results = try evaluate(primitive, operands)
  try checkReferences(flow, types, resultTypes)
  // BLAS takes other paths for other sizes: f32 then differs in its last bits.
  let tolerance = resultTypes.contains { $0.elementType == .f32 } ? 1e-6 : 1e-12
  var largest = 0.0
  for thread in flow.threads {
    guard let first = thread.operands.first else { throw LawFailure("a thread from nothing") }
    let size = types[first.array].shape[first.axis]
    var choices: [[Int]] = [[], Array(0..<size)]
    if size > 0 {
      choices += (0..<size).map { [$0] }
      choices.append([size - 1, 0, 0, size / 2, size - 1])
    }
    for positions in choices {
      func take(_ arrays: [TestArray], _ references: [AxisReference]) throws -> [TestArray] {
        var arrays = arrays
        for reference in references {
          arrays[reference.array] = try arrays[reference.array].taking(
            positions, axis: reference.axis)
        }
        return arrays
      }
      let taken = try take(operands, thread.operands)
      let expected = try take(results, thread.results)
      let resized = try primitive.resized(taken.map(\.type), results: expected.map(\.type))
      let got = try evaluate(resized, taken)
      largest = max(
        largest,
        try expectClose(got, expected, tolerance, "positions \(positions) of thread \(thread)"))
    }
  }
  for axis in flow.repeated {
    let size = resultTypes[axis.array].shape[axis.axis]
    for count in [0, size, size + 2] where size > 0 {
      var expected = results
      expected[axis.array] = try results[axis.array].taking(
        [Int](repeating: 0, count: count), axis: axis.axis)
      if count == size { try expectSameBits(results, expected, "repeated \(axis)") }
      let resized = try primitive.resized(types, results: expected.map(\.type))
      // A reshape counts elements: the axis of size 1 that it makes has no other size.
      guard (try? resized.resultTypes(types)) == expected.map(\.type) else { continue }
      try expectSameBits(try evaluate(resized, operands), expected, "repeated \(axis)")
    }
  }
  return largest
}

/// Axes exist, have one size in a thread, and stand in one place only.
private func checkReferences(
  _ flow: AxisFlow, _ operands: [ValueType], _ results: [ValueType]
) throws {
  var seenOperands = Set<AxisReference>()
  var seenResults = Set<AxisReference>()
  for thread in flow.threads {
    let sizes =
      thread.operands.map { operands[$0.array].shape[$0.axis] }
      + thread.results.map { results[$0.array].shape[$0.axis] }
    guard Set(sizes).count == 1 else { throw LawFailure("sizes \(sizes) in thread \(thread)") }
    guard thread.operands.allSatisfy({ seenOperands.insert($0).inserted }),
      thread.results.allSatisfy({ seenResults.insert($0).inserted })
    else { throw LawFailure("an axis in two threads: \(flow)") }
  }
  guard flow.repeated.allSatisfy({ seenResults.insert($0).inserted }) else {
    throw LawFailure("a repeated axis in a thread: \(flow)")
  }
}
