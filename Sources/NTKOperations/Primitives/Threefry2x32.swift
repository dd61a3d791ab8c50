import CVectorLoops
import NTKProgram
import NTKRuntime

/// The block function of a counter-based random number generator, Threefry-2x32 with 20 rounds:
/// operands are the two words of the key and of the counter, results the two words of random bits.
public struct Threefry2x32: NotDifferentiable {
  public static let name = "threefry2x32"

  public init() {}

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 4)
    for (index, operand) in operands.enumerated() where operand.elementType != .u32 {
      throw .elementType("operand \(index)", expected: "u32", got: operand.elementType)
    }
    try operands.expectEqualTypes()
    return [operands[0], operands[0]]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    AxisFlow(
      operands[0].shape.indices.map { axis in
        .init(
          operands: (0..<4).map { AxisReference($0, axis) },
          results: (0..<2).map { AxisReference($0, axis) })
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Threefry2x32 { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let (aligned, axis) = try b.alignBatch(operands, axes, size: size)
    return (try b.apply(self, aligned), [axis, axis])
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    guard let loop = ntk_find_threefry_loop() else {
      throw .invariant("threefry2x32 has no loop")
    }
    nonisolated(unsafe) let words = (context.results + context.operands).map {
      $0.data.assumingMemoryBound(to: UInt32.self)
    }
    ThreadPool.forEachRange(context.results[0].elementCount, grain: 1 << 14) { range in
      let start = range.lowerBound
      loop(
        words[0] + start, words[1] + start, words[2] + start, words[3] + start, words[4] + start,
        words[5] + start, range.count)
    }
  }
}
