import CVectorLoops
import NTKProgram

/// Adds a strided array to another, in place.
struct StridedAddition {
  private let loop: ntk_binary_loop
  private let itemSize: Int
  /// Elements that are added at a time, in a row in both arrays.
  private let run: Int
  /// The axes outside of a run; strides in bytes.
  private let sizes: [Int]
  private let targetStrides: [Int]
  private let sourceStrides: [Int]

  init?(_ plan: IndexPlan, _ type: ElementType) {
    guard let loop = ntk_find_binary_loop(NTK_LOOP_ADD, type.loop) else { return nil }
    self.loop = loop
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
    add(target, source, axis: 0)
  }

  // As deep as the rank.
  private func add(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, axis: Int) {
    guard axis < sizes.count else {
      loop(target, target, source, run)
      return
    }
    for index in 0..<sizes[axis] {
      add(
        target + index * targetStrides[axis], source + index * sourceStrides[axis],
        axis: axis + 1)
    }
  }
}
