import NTKProgram

/// What work costs, in seconds on a usual core pair. Shipped, not measured at run time: plans, and
/// so the last bits, are the same on every run.
struct CostModel: Hashable, Sendable {
  let itemSize: Int
  /// Multiply-adds count twice.
  private let productRate: Double
  private let bandwidth = 12e9
  private let stepOverhead = 1.5e-6
  private let smallProductOverhead = 6e-8

  init(_ elementType: ElementType) {
    itemSize = elementType.byteCount
    productRate = elementType == .f64 ? 6e10 : 1.2e11
  }

  struct Cost: Hashable, Sendable {
    var seconds = 0.0
    var flops = 0.0
    /// The greatest array that it makes.
    var bytes = 0.0

    static func + (a: Cost, b: Cost) -> Cost {
      Cost(
        seconds: a.seconds + b.seconds, flops: a.flops + b.flops, bytes: max(a.bytes, b.bytes))
    }
  }

  /// `batch` products of rows × inner by inner × columns.
  func product(batch: Double, rows: Double, inner: Double, columns: Double) -> Cost {
    let flops = 2 * batch * rows * inner * columns
    let moved = batch * (rows * inner + inner * columns + rows * columns) * Double(itemSize)
    // A thin product keeps few of the multipliers busy.
    let (short, long) = (min(rows, columns), max(rows, columns))
    let efficiency = short / (short + 6) * long / (long + 10) * inner / (inner + 12)
    return Cost(
      seconds: max(flops / (productRate * max(efficiency, 0.01)), moved / bandwidth)
        + stepOverhead + (batch > 1 ? batch * smallProductOverhead : 0),
      flops: flops, bytes: batch * rows * columns * Double(itemSize))
  }

  /// Elements read or written one by one, of which `made` are new.
  func elements(_ moved: Double, made: Double) -> Cost {
    Cost(
      seconds: moved * Double(itemSize) / bandwidth + stepOverhead, flops: moved,
      bytes: made * Double(itemSize))
  }
}
