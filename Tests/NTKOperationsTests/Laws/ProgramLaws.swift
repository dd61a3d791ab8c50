import NTKOperations
import NTKProgram

/// Mapping over an axis is a loop over its positions, whichever inputs have it, wherever it stands.
func checkVMapLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let program = subject.program
  let ranks = program.inputTypes.map(\.rank)
  var largest = 0.0
  for subset in subsets(of: program.inputCount, seed: seed) {
    for place in 0...(subset.map { ranks[$0] }.max() ?? 0) {
      for size in place == 0 && subset.count == program.inputCount ? [3, 1, 0] : [2] {
        largest = max(
          largest, try checkVMap(subject, subset, place: place, size: size, seed: seed))
      }
    }
  }
  return largest
}

/// All sets of inputs but the empty one; of many inputs, each alone, all, and some.
private func subsets(of count: Int, seed: UInt64) -> [[Int]] {
  guard count > 0 else { return [] }
  let all = Array(0..<count)
  if count <= 3 {
    return (1..<(1 << count)).map { bits in all.filter { bits >> $0 & 1 == 1 } }
  }
  var generator = Generator(seed: seed)
  let some = (0..<4).map { _ in all.filter { _ in generator.below(2) == 1 } }
  return all.map { [$0] } + [all] + some.filter { !$0.isEmpty }
}

private func checkVMap(
  _ subject: Subject, _ subset: [Int], place: Int, size: Int, seed: UInt64
) throws -> Double {
  let program = subject.program
  let samples = (0..<max(size, 1)).map { subject.inputs(seed + UInt64($0)) }
  var axes = [Int?](repeating: nil, count: program.inputCount)
  var inputs = samples[0]
  for index in subset {
    let axis = min(place, program.inputTypes[index].rank)
    // The same place, counted from either end.
    axes[index] = place % 2 == 0 ? axis : axis - program.inputTypes[index].rank - 1
    inputs[index] = try TestArray.stack(
      (0..<size).map { samples[$0][index] }, of: program.inputTypes[index], axis: axis)
  }
  let outAxes = program.outputTypes.map { min(place, $0.rank) }
  let mapped = try program.vmapped(size: size, axes: axes, outAxes: outAxes)
  try mapped.verify()
  let got = try evaluate(mapped, inputs)
  var loop: [[TestArray]] = []
  for sample in samples.prefix(size) {
    var own = samples[0]
    for index in subset { own[index] = sample[index] }
    loop.append(try evaluate(program, own))
  }
  var expected: [TestArray] = []
  for (index, type) in program.outputTypes.enumerated() {
    expected.append(try TestArray.stack(loop.map { $0[index] }, of: type, axis: outAxes[index]))
  }
  return try expectClose(
    got, expected, subject.tolerance, "vmap of inputs \(subset), axes \(axes), size \(size)")
}

/// parse(print(p)) = p
func checkTextLaw(_ subject: Subject) throws -> Double {
  let text = subject.program.text
  let parsed = try Program.parse(text.utf8, catalog: standardCatalog)
  try parsed.verify()
  guard parsed == subject.program, parsed.text == text,
    parsed.structuralHash == subject.program.structuralHash
  else { throw LawFailure("parse(print(p)):\n\(parsed.text)\nis not\n\(text)") }
  return 0
}

/// Compiled gives what one operation after another gives.
func checkExecutionLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let inputs = subject.inputs(seed)
  return try expectClose(
    try evaluateCompiled(subject.program, inputs), try evaluate(subject.program, inputs),
    subject.tolerance, "compiled")
}

/// The simplified program gives the same bits, for special values too.
func checkSimplifyLaw(_ subject: Subject, seed: UInt64) throws -> Double {
  let simplified = try subject.program.simplified()
  try simplified.verify()
  let inputs = subject.inputs(seed)
  for special in [false, true] {
    let inputs = special ? inputs.map { withSpecialValues($0, seed: seed) } : inputs
    try expectSameBits(
      try evaluate(simplified, inputs), try evaluate(subject.program, inputs), "simplified")
  }
  return 0
}

/// With zeros of both signs, infinities and NaNs among the elements.
func withSpecialValues(_ array: TestArray, seed: UInt64) -> TestArray {
  guard array.type.isFloating else { return array }
  var generator = Generator(seed: seed)
  let special = [0.0, -0.0, .infinity, -.infinity, .nan]
  return TestArray(
    array.type,
    array.values.map { generator.below(2) == 0 ? $0 : generator.element(special) })
}

func expectSameBits(_ got: [TestArray], _ expected: [TestArray], _ what: String) throws {
  func bits(_ arrays: [TestArray]) -> [[UInt64]] {
    arrays.map { $0.values.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern } }
  }
  guard got.map(\.type) == expected.map(\.type), bits(got) == bits(expected) else {
    throw LawFailure("\(what):\n  got      \(got)\n  expected \(expected)")
  }
}
