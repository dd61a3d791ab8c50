import CVectorLoops
import NTKProgram

/// Combines a strided array with another, in place, or puts it there.
struct StridedCombination {
  /// nil: put there.
  private let loop: ntk_binary_loop?
  private let itemSize: Int
  /// Elements that are combined at a time, in a row in both arrays.
  private let run: Int
  /// The axes outside of a run; strides in bytes.
  private let sizes: [Int]
  private let targetStrides: [Int]
  private let sourceStrides: [Int]

  /// nil if the type lacks the operation.
  init?(_ plan: IndexPlan, _ type: ElementType, _ operation: ntk_binary_operation?) {
    if let operation {
      guard let loop = ntk_find_binary_loop(operation, type.loop) else { return nil }
      self.loop = loop
    } else {
      loop = nil
    }
    itemSize = type.byteCount
    var run = 1
    var outer = plan.windowSizes.count
    while outer > 0, plan.arrayStrides[outer - 1] == run, plan.slicesStrides[outer - 1] == run {
      outer -= 1
      run *= plan.windowSizes[outer]
    }
    self.run = run
    sizes = Array(plan.windowSizes[..<outer])
    targetStrides = plan.arrayStrides[..<outer].map { $0 * type.byteCount }
    sourceStrides = plan.slicesStrides[..<outer].map { $0 * type.byteCount }
  }

  func run(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer) {
    combine(target, source, axis: 0)
  }

  // As deep as the rank.
  private func combine(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, axis: Int) {
    guard axis < sizes.count else {
      if let loop {
        loop(target, target, source, run)
      } else {
        target.copyMemory(from: source, byteCount: run * itemSize)
      }
      return
    }
    for index in 0..<sizes[axis] {
      combine(
        target + index * targetStrides[axis], source + index * sourceStrides[axis],
        axis: axis + 1)
    }
  }
}
