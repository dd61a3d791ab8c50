import NTKExecution
import NTKOperations
import NTKProgram
import Synchronization
import XCTest

@testable import NTKKernel

/// The laws of kernels: whatever the cut, the pairs of terms, the order of contraction, the
/// implementation and the tiles, Θ = J J'ᵀ.
final class KernelLawTests: XCTestCase {
  private static let rules: [(trace: [Int], diagonal: [Int])] = [
    ([-1], []), ([], []), ([], [-1]), ([0], []), ([-1], [0]),
  ]

  private struct Row {
    let name: String
    let hasForms: Bool
    let program: Program
    let parameters: [Int]

    init(_ row: KernelProgram) throws {
      name = row.name
      hasForms = row.hasForms
      program = try Program.parse("ntk 1\n\(row.text)".utf8, catalog: standardCatalog)
      parameters = Array(0..<(program.inputCount - 1))
    }

    func inputs(_ generator: inout SplitMix, of program: Program? = nil) -> [Dense] {
      (program ?? self.program).inputTypes.map { type in
        let array = Dense.random(type.shape.sizes, &generator)
        if type.isFloating { return array }
        return Dense(array.sizes, array.elements.map { (($0 + 1) * 2).rounded(.down) })
      }
    }

    func options(
      _ rules: (trace: [Int], diagonal: [Int]), _ implementation: KernelImplementation
    ) -> KernelOptions {
      var options = KernelOptions()
      options.parameters = parameters
      options.traceAxes = rules.trace
      options.diagonalAxes = rules.diagonal
      options.implementation = implementation
      options.normalizes = false
      return options
    }
  }

  func testEveryOrderOfContractionGivesTheNetworksSum() throws {
    for row in try KernelProgram.table.map(Row.init) {
      var generator = SplitMix(state: 11)
      let inputs = row.inputs(&generator)
      for rules in [Self.rules[0], Self.rules[1], Self.rules[4]] {
        try checkOrders(row, inputs, rules, &generator)
      }
    }
  }

  private func checkOrders(
    _ row: Row, _ inputs: [Dense], _ rules: (trace: [Int], diagonal: [Int]),
    _ generator: inout SplitMix
  ) throws {
    let options = row.options(rules, .structuredDerivatives)
    let samples = try SampleAxis.find(row.program, options)[0]
    let side = try StructuredOutput(row.program, output: 0, options, samples)
    let shape = row.program.outputTypes[0].shape
    let axes = try AxisRules(options, shape, shape)
    let arrays = try evaluate(side.program, inputs)
    let model = CostModel(.f64)
    var checked = 0
    for terms in side.terms.compactMap({ $0 }) {
      for left in terms {
        for right in terms {
          guard let pair = try PairNetwork(side, left, side, right, axes) else {
            XCTAssertFalse(row.hasForms, "\(row.name): no network")
            continue
          }
          let expected = pair.network.evaluate(arrays + arrays)
          for attempt in 0..<4 {
            let path =
              attempt == 0
              ? ContractionPath(pair.contraction, model)
              : ContractionPath(pair.contraction, model) { count in
                min(Int((generator.next() + 1) / 2 * Double(count)), count - 1)
              }
            // A random order may come to a relation that can no longer be applied.
            guard let path else {
              XCTAssertTrue(attempt > 0 || pair.contraction.isZero, row.name)
              continue
            }
            let types = side.program.outputTypes + side.program.outputTypes
            let program = try Program.build(types) { b, given throws(NTKError) in
              [try b.contract(pair.contraction, path, arrays: given, .f64)]
            }
            let found = try evaluate(program, arrays + arrays)[0]
            checked += 1
            expectEqual(found.elements, expected.elements, "\(row.name): \(path.steps)")
          }
        }
      }
    }
    XCTAssertTrue(checked > 0, row.name)
  }

  func testEveryImplementationIsTheProductOfJacobians() throws {
    for row in try KernelProgram.table.map(Row.init) {
      var generator = SplitMix(state: 5)
      let first = row.inputs(&generator)
      let last = row.program.inputCount - 1
      for size in [nil, 2, 3] {
        let isMixed = row.name == "samples mixed"
        let second =
          isMixed ? row.program : try row.program.resized(input: last, axis: 0, size: size ?? 2)
        var others = row.inputs(&generator, of: second)
        others.replaceSubrange(0..<last, with: first[0..<last])
        for rules in Self.rules {
          if size == 3 && (rules.trace.contains(0) || rules.diagonal.contains(0)) { continue }
          let expected = try product(
            row, row.program, first, size == nil ? row.program : second,
            size == nil ? first : others, rules)
          for implementation in KernelImplementation.allCases {
            let kernel = try TangentKernel(
              first: row.program, second: size == nil ? nil : second,
              options: row.options(rules, implementation))
            let given = size == nil ? first : first + [others[last]]
            let found = try evaluate(try kernel.program(), given)[0]
            expectEqual(found.elements, expected, "\(row.name) \(implementation) \(rules)")
          }
        }
      }
    }
  }

  func testStructuredDerivativesTakeEveryUseThatHasAForm() throws {
    for row in try KernelProgram.table.map(Row.init) {
      let kernel = try TangentKernel(
        first: row.program, options: row.options(Self.rules[0], .structuredDerivatives))
      let explanation = try kernel.explanation()
      XCTAssertEqual(
        kernel.parts[0].choices.allSatisfy { $0 }, row.hasForms,
        "\(row.name): \(explanation)")
    }
  }

  func testAnyTilesGiveTheKernel() throws {
    for row in try KernelProgram.table.map(Row.init)
    where ["x @ W.T + b", "W0 + A B", "embedding with tied head"].contains(row.name) {
      let last = row.program.inputCount - 1
      let first = try row.program.resized(input: last, axis: 0, size: 5)
      for count in [nil, 2] {
        let second = try count.map { try row.program.resized(input: last, axis: 0, size: $0) }
        for rules in [Self.rules[0], Self.rules[1], Self.rules[4]] {
          if count != nil && rules.diagonal.contains(0) { continue }
          for implementation in [KernelImplementation.automatic, .structuredDerivatives] {
            try checkTiles(row, first, second, row.options(rules, implementation))
          }
        }
      }
    }
  }

  private func checkTiles(
    _ row: Row, _ first: Program, _ second: Program?, _ options: KernelOptions
  ) throws {
    var generator = SplitMix(state: 3)
    var inputs = row.inputs(&generator, of: first)
    if let second { inputs.append(row.inputs(&generator, of: second)[second.inputCount - 1]) }
    let kernel = try TangentKernel(first: first, second: second, options: options)
    let whole = try compute(kernel, inputs, limit: 1 << 40)
    XCTAssertThrowsError(try compute(kernel, inputs, limit: 1)) { error in
      guard case NTKError.outOfMemory(let needed, limit: 1) = error else {
        return XCTFail("\(row.name): \(error)")
      }
      for limit in [needed, 2 * needed] {
        var reports: [UInt64] = []
        guard let tiled = try? compute(kernel, inputs, limit: limit, { reports.append($0) }) else {
          return XCTFail("\(row.name): \(limit) bytes do not suffice")
        }
        expectEqual(tiled, whole, "\(row.name) in \(limit) bytes")
        XCTAssertEqual(reports, reports.sorted(), row.name)
      }
    }
  }

  func testATiledKernelIsCancelledFromAnotherThread() throws {
    let row = try Row(KernelProgram.table[0])
    let program = try row.program.resized(input: row.program.inputCount - 1, axis: 0, size: 40)
    var generator = SplitMix(state: 3)
    let inputs = row.inputs(&generator, of: program)
    let kernel = try TangentKernel(first: program, options: row.options(Self.rules[1], .automatic))
    let needed = try leastLimit(kernel, inputs)
    let flag = Flag()
    var reports = 0
    let cancel: (UInt64) -> Void = { _ in
      reports += 1
      guard reports == 2 else { return }
      let thread = Thread { flag.set() }
      thread.start()
      while !thread.isFinished { usleep(100) }
    }
    do {
      _ = try compute(kernel, inputs, limit: needed, isCancelled: { flag.isSet }, cancel)
      XCTFail("not cancelled")
    } catch NTKError.cancelled {
      XCTAssertEqual(reports, 2)
    }
  }

  /// What the smallest tile takes, as the error for an impossible limit says.
  private func leastLimit(_ kernel: TangentKernel, _ inputs: [Dense]) throws -> Int {
    do {
      _ = try compute(kernel, inputs, limit: 1)
    } catch NTKError.outOfMemory(let needed, _) {
      return needed
    }
    XCTFail("a limit of one byte suffices")
    return 0
  }

  private func compute(
    _ kernel: TangentKernel, _ inputs: [Dense], limit: Int,
    isCancelled: (@Sendable () -> Bool)? = nil, _ report: @escaping (UInt64) -> Void = { _ in }
  ) throws -> [Double] {
    let types =
      kernel.first.inputTypes
      + (kernel.second.map { [$0.inputTypes[$0.inputCount - 1]] } ?? [])
    var options = RunOptions()
    options.memoryLimit = limit
    options.isCancelled = isCancelled
    options.progress = { done, _ in
      report(done)
      return true
    }
    return try withArrays(types, inputs, kernel.resultTypes) {
      try kernel.compute(inputs: $0, outputs: $1, options: options)
    }[0].elements
  }

  /// J J'ᵀ by the rules, from dense Jacobians, element by element.
  private func product(
    _ row: Row, _ first: Program, _ x: [Dense], _ second: Program, _ y: [Dense],
    _ rules: (trace: [Int], diagonal: [Int])
  ) throws -> [Double] {
    let options = row.options(rules, .automatic)
    let shapes = [first, second].map { $0.outputTypes[0].shape }
    let axes = try AxisRules(options, shapes[0], shapes[1])
    let left = try evaluate(try first.jacobian(active: row.parameters), x).dropFirst()
    let right = try evaluate(try second.jacobian(active: row.parameters), y).dropFirst()
    func places(_ shape: Shape) -> [[Int]] {
      shape.reduce([[]]) { places, size in places.flatMap { p in (0..<size).map { p + [$0] } } }
    }
    let resultShape = try axes.resultShape(shapes[0], shapes[1])
    var result = Dense(
      resultShape.sizes, [Double](repeating: 0, count: resultShape.elementCount))
    for (i, one) in places(shapes[0]).enumerated() {
      for (j, two) in places(shapes[1]).enumerated() {
        guard (axes.trace + axes.diagonal).allSatisfy({ one[$0] == two[$0] }) else { continue }
        var flat = 0
        for axis in 0..<axes.rank where !axes.trace.contains(axis) {
          flat = flat * shapes[0][axis] + one[axis]
          if axes.pairs.contains(axis) { flat = flat * shapes[1][axis] + two[axis] }
        }
        for (a, b) in zip(left, right) {
          let size = a.elements.count / shapes[0].elementCount
          for k in 0..<size {
            result.elements[flat] += a.elements[i * size + k] * b.elements[j * size + k]
          }
        }
      }
    }
    return result.elements
  }

  private func expectEqual(_ found: [Double], _ expected: [Double], _ message: String) {
    guard found.count == expected.count else {
      return XCTFail("\(message): \(found.count) elements, not \(expected.count)")
    }
    let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let difference = zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    XCTAssertLessThanOrEqual(difference.squareRoot(), 1e-12 * norm, message)
  }
}

/// Set once, read from any thread.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
