/// How much memory LAPACK takes for one matrix, in numbers.
public struct MatrixWorkspaceSize: Sendable {
  public let copyCount: Int
  public let workCount: Int
  public let integerCount: Int

  public init(copyCount: Int, workCount: Int = 0, integerCount: Int = 0) {
    self.copyCount = copyCount
    self.workCount = workCount
    self.integerCount = integerCount
  }

  /// Of sizes that LAPACK cannot count.
  private static let tooLarge = MatrixWorkspaceSize(copyCount: .max)

  private init(_ m: Int, _ n: Int, _ counts: (Int, Int) -> (copy: Int, work: Int, integers: Int)) {
    guard max(m, n) < Int(Int32.max) else {
      self = .tooLarge
      return
    }
    let (copy, work, integers) = counts(min(m, n), max(m, n))
    self.init(copyCount: copy, workCount: work, integerCount: integers)
  }

  /// A row of blocks of 64 for geqrf and orgqr, and the reflectors' factors.
  public static func qr(_ m: Int, _ n: Int, columns: Int) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(m, n) { least, most in (m * max(n, columns), 64 * most + least, 0) }
  }

  /// LAPACK's minima for syevd with vectors, and a row of blocks of 64.
  public static func eigh(_ n: Int) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(n, n) { _, _ in (n * n, 1 + 70 * n + 2 * n * n, 3 + 5 * n) }
  }

  /// LAPACK's minima for gesdd, and rows of blocks of 64.
  public static func svd(
    _ m: Int, _ n: Int, isFull: Bool, vectors: Bool
  ) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(m, n) { least, most in
      let vectorCount = !vectors ? 0 : isFull ? m * m + n * n : least * (m + n)
      return (m * n + vectorCount, 4 * least * least + 77 * (least + most), 8 * least)
    }
  }

  /// As `svd`, and its results.
  public static func pseudoInverse(_ m: Int, _ n: Int) -> MatrixWorkspaceSize {
    let size = svd(m, n, isFull: false, vectors: true)
    guard size.isAddressable else { return size }
    let results = min(m, n) * (m + n + 1)
    return MatrixWorkspaceSize(
      copyCount: size.copyCount + results, workCount: size.workCount,
      integerCount: size.integerCount)
  }

  /// A matrix to factorize and its columns, a right side of k columns, pivots and permutation.
  public static func solve(_ n: Int, _ k: Int) -> MatrixWorkspaceSize {
    MatrixWorkspaceSize(n, max(n, k)) { _, _ in (n * n, n * n + n * k, 2 * n) }
  }

  /// Whether every count can be told to LAPACK.
  public var isAddressable: Bool { max(copyCount, workCount, integerCount) < Int(Int32.max) }

  /// Bytes for numbers of a size, to whole cache lines, and at least one.
  public func byteCount(of size: Int) -> Int {
    guard isAddressable else { return .max }
    return ((copyCount + workCount) * size + integerCount * 4) / 64 * 64 + 64
  }
}

/// Memory for one matrix at a time.
public struct MatrixWorkspace<T: LAPACKReal> {
  let size: MatrixWorkspaceSize
  public let copy: UnsafeMutablePointer<T>
  public let work: UnsafeMutablePointer<T>
  public let integers: UnsafeMutablePointer<Int32>

  /// Over memory of as many bytes as the size says.
  public init(_ size: MatrixWorkspaceSize, at memory: UnsafeMutableRawPointer) {
    self.size = size
    copy = memory.assumingMemoryBound(to: T.self)
    work = copy + size.copyCount
    integers = UnsafeMutableRawPointer(work + size.workCount).assumingMemoryBound(to: Int32.self)
  }
}
