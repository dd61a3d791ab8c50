import CVectorLoops
import NTKProgram
import NTKRuntime

/// Elementwise equations of one shape, run block by block: what only the group itself reads stays
/// in a few blocks of cache and never reaches memory.
struct ElementwiseGroup: Sendable {
  /// Elements of a block: operands and results of a few operations fit in the second-level cache.
  static let blockCount = 2048
  static let slotByteCount = blockCount * 8

  /// Where an operation reads or writes.
  enum Register: Sendable {
    /// A block of its own for each thread.
    case slot(Int)
    /// A row-major array of the group's shape; the address moves with the block.
    case array(buffer: Int, byteOffset: Int, itemSize: Int)
  }

  struct Operation: Sendable {
    let block: BlockFunction
    let operands: [Register]
    let result: Register
  }

  /// A strided or repeated operand, copied into a slot block by block.
  struct Gather: Sendable {
    let slot: Int
    let buffer: Int
    let byteOffset: Int
    let byteStrides: [Int]
    let itemSize: Int
  }

  /// One value everywhere, copied into a slot once.
  struct Fill: Sendable {
    let slot: Int
    let buffer: Int
    let byteOffset: Int
    let itemSize: Int
  }

  var sizes: [Int]
  var elementCount: Int
  var operations: [Operation] = []
  var gathers: [Gather] = []
  var fills: [Fill] = []
  var slotCount = 0

  /// Bytes of one thread's slots.
  var slotsByteCount: Int { slotCount * ElementwiseGroup.slotByteCount }

  /// Runs all blocks; `base` holds the address of each buffer.
  func run(_ base: [UnsafeMutableRawPointer], _ isCancelled: (@Sendable () -> Bool)?) -> Bool {
    let blocks = (elementCount + ElementwiseGroup.blockCount - 1) / ElementwiseGroup.blockCount
    nonisolated(unsafe) let base = base
    // A piece is at least some 50 µs of work.
    let grain = max(1, 32 / max(1, operations.count))
    let memoryFailed = AtomicFlag()
    ThreadPool.forEachRange(blocks, grain: grain) { range in
      if let isCancelled, isCancelled() { return }
      guard let slots = AlignedStorage(byteCount: slotsByteCount) else {
        memoryFailed.set()
        return
      }
      withExtendedLifetime(slots) { runBlocks(range, base, slots.baseAddress) }
    }
    return !memoryFailed.isSet
  }

  private func runBlocks(
    _ blocks: Range<Int>, _ base: [UnsafeMutableRawPointer], _ slots: UnsafeMutableRawPointer
  ) {
    let slotSize = ElementwiseGroup.slotByteCount
    for fill in fills {
      ntk_fill(
        slots + fill.slot * slotSize, base[fill.buffer] + fill.byteOffset, fill.itemSize,
        min(elementCount, ElementwiseGroup.blockCount))
    }
    // Addresses of the first block and how far each moves from element to element.
    func resolve(_ register: Register) -> (UnsafeMutableRawPointer, Int) {
      switch register {
      case .slot(let slot): (slots + slot * slotSize, 0)
      case .array(let buffer, let byteOffset, let itemSize): (base[buffer] + byteOffset, itemSize)
      }
    }
    let resolved = operations.map { operation in
      (
        block: operation.block, operands: operation.operands.map(resolve),
        result: resolve(operation.result)
      )
    }
    let widest = operations.reduce(0) { max($0, $1.operands.count) }
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: max(widest, 1)) { operands in
      guard let operandBase = operands.baseAddress else { return }
      for block in blocks {
        let begin = block * ElementwiseGroup.blockCount
        let count = min(ElementwiseGroup.blockCount, elementCount - begin)
        for gather in gathers {
          ntk_gather_block(
            slots + gather.slot * slotSize, base[gather.buffer] + gather.byteOffset,
            gather.byteStrides, sizes, Int32(sizes.count), begin, count, gather.itemSize)
        }
        for operation in resolved {
          for (index, (address, step)) in operation.operands.enumerated() {
            operandBase[index] = UnsafeRawPointer(address + begin * step)
          }
          operation.block(
            operation.result.0 + begin * operation.result.1, UnsafePointer(operandBase), count)
        }
      }
    }
  }
}
