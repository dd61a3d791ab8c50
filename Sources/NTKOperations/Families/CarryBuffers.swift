import NTKProgram

/// Where a loop keeps its carry between steps: two places that take turns.
struct CarryBuffers {
  private let types: [ValueType]
  private let offsets: [Int]
  private let total: Int

  init(_ types: [ValueType]) {
    var offsets: [Int] = []
    var total = 0
    for type in types {
      offsets.append(total)
      total = [total, (type.byteCount + 63) / 64 * 64].saturatingSum()
    }
    self.types = types
    self.offsets = offsets
    self.total = total
  }

  var byteCount: Int { [total, total].saturatingSum() }

  /// The carry after a step.
  func carry(after step: Int, in memory: UnsafeMutableRawPointer) -> [ArrayReference] {
    let base = memory + step % 2 * total
    return zip(types, offsets).map { ArrayReference(data: base + $1, type: $0) }
  }
}
