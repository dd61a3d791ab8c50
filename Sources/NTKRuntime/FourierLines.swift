/// The transform of every line along the middle axis of row-major [outer, length, inner] arrays.
public struct FourierLines: Sendable {
  /// What goes in and comes out. The halves are those of real data's symmetric transform: its first
  /// length / 2 + 1 elements.
  public enum Kind: Sendable {
    case complex
    case realToHalf
    case halfToReal
  }

  public let length: Int
  public let kind: Kind
  public let isInverse: Bool
  private let outer: Int
  private let inner: Int
  private let bufferLength: Int

  /// Lines that go through the passes side by side.
  private static let width = 8

  /// nil if the length is too large.
  public init?(_ length: Int, kind: Kind, isInverse: Bool, outer: Int, inner: Int) {
    guard let bufferLength = FourierPlan.bufferLength(length) else { return nil }
    self.length = length
    self.kind = kind
    self.isInverse = isInverse
    self.outer = outer
    self.inner = inner
    self.bufferLength = bufferLength
  }

  private var half: Int { length == 0 ? 0 : length / 2 + 1 }
  private var inputLength: Int { kind == .halfToReal ? half : length }
  private var outputLength: Int { kind == .realToHalf ? half : length }
  private var lineCount: Int { outer * inner }
  private var width: Int { max(1, min(FourierLines.width, lineCount)) }
  private var blockCount: Int { (lineCount - 1) / width + 1 }

  /// Slots of scratch memory: they follow from the sizes alone, whatever the number of threads.
  private var slotCount: Int {
    max(1, min(blockCount, 16, lineCount * bufferLength / (1 << 13)))
  }

  private var slotByteCount: Int { 4 * bufferLength * width * MemoryLayout<Double>.stride }

  public var scratchByteCount: Int { length == 0 || lineCount == 0 ? 0 : slotCount * slotByteCount }

  /// One array, as real and imaginary parts; no imaginary part is 0.
  public struct Parts<T: BinaryFloatingPoint & Sendable> {
    public var re: UnsafeMutablePointer<T>
    public var im: UnsafeMutablePointer<T>?

    public init(re: UnsafeMutablePointer<T>, im: UnsafeMutablePointer<T>?) {
      self.re = re
      self.im = im
    }
  }

  /// Input and output may be the same memory where their lengths are the same.
  /// - Returns: whether there was memory for the plan.
  public func run<T: BinaryFloatingPoint & Sendable>(
    from input: Parts<T>, to output: Parts<T>, scratch: UnsafeMutableRawPointer?
  ) -> Bool {
    guard length > 0, lineCount > 0 else { return true }
    guard let memory = scratch, let plan = FourierPlan.of(length) else { return false }
    let perSlot = (blockCount - 1) / slotCount + 1
    nonisolated(unsafe) let (input, output, slots) = (input, output, memory)
    ThreadPool.forEach(slotCount) { slot in
      let base = (slots + slot * slotByteCount).assumingMemoryBound(to: Double.self)
      let count = bufferLength * width
      var buffers = FourierPlan.Buffers(
        re: base, im: base + count, otherRe: base + 2 * count, otherIm: base + 3 * count)
      for block in (slot * perSlot)..<max(slot * perSlot, min(blockCount, (slot + 1) * perSlot)) {
        let lines = (block * width)..<min(lineCount, (block + 1) * width)
        load(input, lines, buffers)
        if isInverse { swap(&buffers.re, &buffers.im) }
        plan.transform(buffers, lines.count)
        if isInverse { swap(&buffers.re, &buffers.im) }
        store(buffers, lines, output)
      }
    }
    return true
  }

  private func load<T: BinaryFloatingPoint>(
    _ input: Parts<T>, _ lines: Range<Int>, _ buffers: FourierPlan.Buffers
  ) {
    for (column, line) in lines.enumerated() {
      let start = line / inner * inputLength * inner + line % inner
      for k in 0..<inputLength {
        let place = k * lines.count + column
        buffers.re[place] = Double(input.re[start + k * inner])
        buffers.im[place] = input.im.map { Double($0[start + k * inner]) } ?? 0
      }
      guard kind == .halfToReal else { continue }
      // The ends of a real line's transform are real, the rest is the mirror image's conjugate.
      buffers.im[column] = 0
      if length % 2 == 0 { buffers.im[length / 2 * lines.count + column] = 0 }
      for k in half..<max(length, half) {
        let (place, mirror) = (k * lines.count + column, (length - k) * lines.count + column)
        buffers.re[place] = buffers.re[mirror]
        buffers.im[place] = -buffers.im[mirror]
      }
    }
  }

  private func store<T: BinaryFloatingPoint>(
    _ buffers: FourierPlan.Buffers, _ lines: Range<Int>, _ output: Parts<T>
  ) {
    let scale = isInverse ? 1 / Double(length) : 1
    for (column, line) in lines.enumerated() {
      let start = line / inner * outputLength * inner + line % inner
      for k in 0..<outputLength {
        let place = k * lines.count + column
        output.re[start + k * inner] = T(buffers.re[place] * scale)
        if let im = output.im { im[start + k * inner] = T(buffers.im[place] * scale) }
      }
    }
  }
}
