import Glibc

/// A block of raw memory, aligned to a cache line and owned by this object.
///
/// Whoever holds it arranges who may write when.
public final class AlignedStorage: @unchecked Sendable {
  public static let alignment = 64

  public let byteCount: Int

  /// Never nil, also for no bytes.
  public let baseAddress: UnsafeMutableRawPointer

  /// Memory of `byteCount` bytes, all 0 if `zeroed`, or nil if it cannot be had.
  public init?(byteCount: Int, zeroed: Bool = false) {
    guard byteCount >= 0, byteCount <= Int.max - Self.hugePage else { return nil }
    // Page faults of 4 KiB take longer than many an operation on the memory.
    let isHuge = byteCount >= Self.hugePage
    let alignment = isHuge ? Self.hugePage : Self.alignment
    let size = (max(byteCount, 1) + Self.alignment - 1) & ~(Self.alignment - 1)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, size) == 0, let memory else { return nil }
    #if os(Linux)
      if isHuge { madvise(memory, size & ~(Self.hugePage - 1), MADV_HUGEPAGE) }
    #endif
    if zeroed { memset(memory, 0, byteCount) }
    self.byteCount = byteCount
    self.baseAddress = memory
  }

  deinit { free(baseAddress) }

  private static let hugePage = 2 << 20
}
