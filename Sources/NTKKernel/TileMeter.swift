import NTKExecution
import NTKProgram

/// One progress over many runs.
final class TileMeter {
  private let options: RunOptions
  private let total: Double
  private var done = 0.0

  /// Progress is reported in as many parts.
  private static let partCount = 1_000_000.0

  init(_ options: RunOptions, total: Double) {
    self.options = options
    self.total = max(total, 1)
  }

  /// Runs a part of the whole.
  func run(
    work: Double, _ body: (RunOptions) throws(NTKError) -> Void
  ) throws(NTKError) {
    var inner = options
    // The schedule has seen to the limit.
    inner.memoryLimit = nil
    let (start, total) = (done, self.total)
    if let progress = options.progress {
      inner.progress = { done, of in
        let part = of == 0 ? 1 : Double(done) / Double(of)
        let share = min((start + work * part) / total, 1)
        return progress(
          UInt64((share * TileMeter.partCount).rounded()), UInt64(TileMeter.partCount))
      }
    }
    try body(inner)
    done += work
  }
}
