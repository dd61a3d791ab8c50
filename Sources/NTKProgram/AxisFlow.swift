/// An axis of one of several arrays.
public struct AxisReference: Hashable, Sendable {
  public let array: Int
  public let axis: Int

  public init(_ array: Int, _ axis: Int) {
    self.array = array
    self.axis = axis
  }
}

/// Which axes pass through an operation untouched.
///
/// A *thread* is a set of operand axes and result axes of one size along which the operation works
/// position by position: the results at index i depend on the operands at index i only, in the
/// same way for every i, and the operation does the same for any other size of the thread. An
/// operand axis in no thread is opaque; a result axis in no thread is made by the operation. Made
/// axes along which the result is the same everywhere are `repeated`.
public struct AxisFlow: Hashable, Sendable {
  public struct Thread: Hashable, Sendable {
    public var operands: [AxisReference]
    public var results: [AxisReference]

    public init(operands: [AxisReference], results: [AxisReference]) {
      self.operands = operands
      self.results = results
    }
  }

  public var threads: [Thread]
  /// Result axes that the operation makes and along which the result only repeats.
  public var repeated: [AxisReference]

  public init(_ threads: [Thread] = [], repeated: [AxisReference] = []) {
    self.threads = threads
    self.repeated = repeated
  }

  /// Every axis opaque.
  public static let opaque = AxisFlow()

  /// A single operand whose axis `i` becomes `map[i]` of a single result.
  public static func mapping(_ map: [Int?]) -> AxisFlow {
    var threads: [Thread] = []
    for (axis, target) in map.enumerated() {
      if let target {
        threads.append(
          Thread(operands: [AxisReference(0, axis)], results: [AxisReference(0, target)]))
      }
    }
    return AxisFlow(threads)
  }

  /// Axis `i` of every operand becomes axis `i` of the only result.
  public static func aligned(rank: Int, operandCount: Int) -> AxisFlow {
    AxisFlow(
      (0..<rank).map { axis in
        Thread(
          operands: (0..<operandCount).map { AxisReference($0, axis) },
          results: [AxisReference(0, axis)])
      })
  }
}
