import Glibc

/// Everything about the discrete Fourier transform of one length that does not depend on the data.
///
/// A length of small primes is transformed in Stockham's order, one pass for each factor, so that
/// nothing has to be permuted; any other by Bluestein's convolution over a power of two. Numbers are
/// Double throughout, real and imaginary parts apart, and several columns go side by side.
public final class FourierPlan: @unchecked Sendable {
  public let length: Int
  /// Elements of each buffer, for one column.
  public let bufferLength: Int

  private struct Pass {
    let radix: Int
    /// The length that remains after the pass.
    let rest: Int
    /// Where its factors stand in the table.
    let offset: Int
  }
  private var passes: [Pass] = []
  private let cosines: UnsafeMutablePointer<Double>
  private let sines: UnsafeMutablePointer<Double>
  private let storage: AlignedStorage
  private var convolution: Convolution?

  /// Bluestein: exp(-iπk²/n) = c_k, then X_k = c_k Σ_j (x_j c_j) conj(c_{k-j}).
  private struct Convolution {
    let inner: FourierPlan
    let storage: AlignedStorage
    var chirp: (re: UnsafeMutablePointer<Double>, im: UnsafeMutablePointer<Double>)
    var spectrum: (re: UnsafeMutablePointer<Double>, im: UnsafeMutablePointer<Double>)
  }

  /// Primes up to this one have a pass of their own.
  private static let largestRadix = 19
  private static let cache = Guarded<[Int: FourierPlan]>([:])

  /// The plan of a length, kept for the next time if it is not large; nil if memory is out.
  public static func of(_ length: Int) -> FourierPlan? {
    if let plan = cache.withLock({ $0[length] }) { return plan }
    guard let plan = FourierPlan(length) else { return nil }
    if length <= 1 << 16 {
      cache.withLock { plans in
        if plans.count >= 32, let other = plans.keys.first { plans[other] = nil }
        plans[length] = plan
      }
    }
    return plan
  }

  /// Elements of each buffer that a length takes, for one column; nil if it is too long.
  public static func bufferLength(_ length: Int) -> Int? {
    guard length <= 1 << 31 else { return nil }
    return radices(length) == nil ? powerOfTwo(2 * length - 1) : max(length, 1)
  }

  private static func powerOfTwo(_ least: Int) -> Int {
    var power = 1
    while power < least { power *= 2 }
    return power
  }

  /// The factors, or nil if one is too large a prime.
  private static func radices(_ length: Int) -> [Int]? {
    var (rest, radices) = (max(length, 1), [Int]())
    for radix in [4, 2] + stride(from: 3, through: largestRadix, by: 2) {
      while rest % radix == 0 {
        radices.append(radix)
        rest /= radix
      }
    }
    return rest == 1 ? radices : nil
  }

  private init?(_ length: Int) {
    self.length = length
    guard let bufferLength = FourierPlan.bufferLength(length) else { return nil }
    self.bufferLength = bufferLength
    let radices = FourierPlan.radices(length)
    // A pass of n = r · m takes m (r - 1) factors and the r roots of unity: below 3 n in all.
    let count = radices == nil ? 0 : 3 * length + 64
    guard let storage = AlignedStorage(byteCount: 16 * count) else { return nil }
    self.storage = storage
    cosines = storage.baseAddress.assumingMemoryBound(to: Double.self)
    sines = cosines + count
    guard let radices else {
      guard let convolution = FourierPlan.convolution(length, bufferLength) else { return nil }
      self.convolution = convolution
      return
    }
    var (rest, offset) = (length, 0)
    for radix in radices {
      let after = rest / radix
      passes.append(Pass(radix: radix, rest: after, offset: offset))
      for index in 0..<radix { set(offset + index, index, radix) }
      offset += radix
      for p in 0..<after {
        for k in 1..<radix { set(offset + p * (radix - 1) + k - 1, p * k, rest) }
      }
      offset += after * (radix - 1)
      rest = after
    }
  }

  /// Writes exp(-2πi k/n).
  private func set(_ place: Int, _ k: Int, _ n: Int) {
    (cosines[place], sines[place]) = FourierPlan.root(k % n, n)
  }

  private static func root(_ k: Int, _ n: Int) -> (re: Double, im: Double) {
    let turn = 2 * k > n ? k - n : k
    let angle = -2 * Double.pi * (Double(turn) / Double(n))
    return (cos(angle), sin(angle))
  }

  private static func convolution(_ n: Int, _ count: Int) -> Convolution? {
    guard let inner = of(count), let storage = AlignedStorage(byteCount: 16 * (n + count)),
      let temporary = AlignedStorage(byteCount: 16 * count)
    else { return nil }
    let base = storage.baseAddress.assumingMemoryBound(to: Double.self)
    let chirp = (re: base, im: base + n)
    let spectrum = (re: base + 2 * n, im: base + 2 * n + count)
    for k in 0..<n {
      // k² modulo 2n, without overflow.
      let square = Int((UInt64(k).multipliedFullWidth(by: UInt64(k))).low % UInt64(2 * n))
      (chirp.re[k], chirp.im[k]) = root(square, 2 * n)
    }
    for index in 0..<count { (spectrum.re[index], spectrum.im[index]) = (0, 0) }
    for k in 0..<n {
      for place in k == 0 ? [0] : [k, count - k] {
        (spectrum.re[place], spectrum.im[place]) = (chirp.re[k], -chirp.im[k])
      }
    }
    let other = temporary.baseAddress.assumingMemoryBound(to: Double.self)
    inner.transform(
      Buffers(re: spectrum.re, im: spectrum.im, otherRe: other, otherIm: other + count), 1)
    return Convolution(inner: inner, storage: storage, chirp: chirp, spectrum: spectrum)
  }

  /// Data and room for as much again: `bufferLength` elements for each column, columns side by side.
  public struct Buffers {
    public var re: UnsafeMutablePointer<Double>
    public var im: UnsafeMutablePointer<Double>
    public var otherRe: UnsafeMutablePointer<Double>
    public var otherIm: UnsafeMutablePointer<Double>
  }

  /// Transforms columns in place, X_k = Σ_j x_j exp(-2πi jk/n). With real and imaginary parts
  /// exchanged, before and after, it is the inverse without its 1/n.
  public func transform(_ buffers: Buffers, _ columns: Int) {
    if let convolution {
      convolve(convolution, buffers, columns)
      return
    }
    var current = buffers
    var stride = columns
    for pass in passes {
      switch pass.radix {
      case 2: pass2(pass, current, stride)
      case 4: pass4(pass, current, stride)
      default: passOfAny(pass, current, stride)
      }
      current = Buffers(
        re: current.otherRe, im: current.otherIm, otherRe: current.re, otherIm: current.im)
      stride *= pass.radix
    }
    guard current.re != buffers.re else { return }
    buffers.re.update(from: current.re, count: length * columns)
    buffers.im.update(from: current.im, count: length * columns)
  }

  private func convolve(_ c: Convolution, _ buffers: Buffers, _ columns: Int) {
    let (re, im) = (buffers.re, buffers.im)
    typealias Numbers = UnsafePointer<Double>
    func multiply(_ count: Int, _ factorRe: Numbers, _ factorIm: Numbers) {
      for k in 0..<count {
        let (a, b) = (factorRe[k], factorIm[k])
        for place in (k * columns)..<((k + 1) * columns) {
          let (x, y) = (re[place], im[place])
          re[place] = a * x - b * y
          im[place] = a * y + b * x
        }
      }
    }
    multiply(length, c.chirp.re, c.chirp.im)
    for place in (length * columns)..<(bufferLength * columns) { (re[place], im[place]) = (0, 0) }
    c.inner.transform(buffers, columns)
    multiply(bufferLength, c.spectrum.re, c.spectrum.im)
    c.inner.transform(
      Buffers(re: im, im: re, otherRe: buffers.otherRe, otherIm: buffers.otherIm), columns)
    multiply(length, c.chirp.re, c.chirp.im)
    let scale = 1 / Double(bufferLength)
    for place in 0..<(length * columns) {
      re[place] *= scale
      im[place] *= scale
    }
  }

  private func pass2(_ pass: Pass, _ x: Buffers, _ s: Int) {
    let half = s * pass.rest
    for p in 0..<pass.rest {
      let (a, b) = (cosines[pass.offset + 2 + p], sines[pass.offset + 2 + p])
      let (source, target) = (s * p, 2 * s * p)
      for q in 0..<s {
        let (re0, im0) = (x.re[source + q], x.im[source + q])
        let (re1, im1) = (x.re[source + half + q], x.im[source + half + q])
        x.otherRe[target + q] = re0 + re1
        x.otherIm[target + q] = im0 + im1
        let (re, im) = (re0 - re1, im0 - im1)
        x.otherRe[target + s + q] = a * re - b * im
        x.otherIm[target + s + q] = a * im + b * re
      }
    }
  }

  private func pass4(_ pass: Pass, _ x: Buffers, _ s: Int) {
    let quarter = s * pass.rest
    for p in 0..<pass.rest {
      let factor = pass.offset + 4 + 3 * p
      let (a1, a2, a3) = (cosines[factor], cosines[factor + 1], cosines[factor + 2])
      let (b1, b2, b3) = (sines[factor], sines[factor + 1], sines[factor + 2])
      let (source, target) = (s * p, 4 * s * p)
      for q in 0..<s {
        let (re0, im0) = (x.re[source + q], x.im[source + q])
        let (re1, im1) = (x.re[source + quarter + q], x.im[source + quarter + q])
        let (re2, im2) = (x.re[source + 2 * quarter + q], x.im[source + 2 * quarter + q])
        let (re3, im3) = (x.re[source + 3 * quarter + q], x.im[source + 3 * quarter + q])
        let (evenRe, evenIm) = (re0 + re2, im0 + im2)
        let (lessRe, lessIm) = (re0 - re2, im0 - im2)
        let (oddRe, oddIm) = (re1 + re3, im1 + im3)
        // -i (x1 - x3)
        let (turnRe, turnIm) = (im1 - im3, re3 - re1)
        x.otherRe[target + q] = evenRe + oddRe
        x.otherIm[target + q] = evenIm + oddIm
        let (u1, v1) = (lessRe + turnRe, lessIm + turnIm)
        x.otherRe[target + s + q] = a1 * u1 - b1 * v1
        x.otherIm[target + s + q] = a1 * v1 + b1 * u1
        let (u2, v2) = (evenRe - oddRe, evenIm - oddIm)
        x.otherRe[target + 2 * s + q] = a2 * u2 - b2 * v2
        x.otherIm[target + 2 * s + q] = a2 * v2 + b2 * u2
        let (u3, v3) = (lessRe - turnRe, lessIm - turnIm)
        x.otherRe[target + 3 * s + q] = a3 * u3 - b3 * v3
        x.otherIm[target + 3 * s + q] = a3 * v3 + b3 * u3
      }
    }
  }

  private func passOfAny(_ pass: Pass, _ x: Buffers, _ s: Int) {
    let r = pass.radix
    for p in 0..<pass.rest {
      for k in 0..<r {
        let target = s * (r * p + k)
        let (re, im) = (x.otherRe + target, x.otherIm + target)
        re.update(from: x.re + s * p, count: s)
        im.update(from: x.im + s * p, count: s)
        for j in 1..<r {
          let root = pass.offset + j * k % r
          let (a, b) = (cosines[root], sines[root])
          let source = s * (p + pass.rest * j)
          for q in 0..<s {
            let (u, v) = (x.re[source + q], x.im[source + q])
            re[q] += a * u - b * v
            im[q] += a * v + b * u
          }
        }
        guard k > 0 else { continue }
        let factor = pass.offset + r + p * (r - 1) + k - 1
        let (a, b) = (cosines[factor], sines[factor])
        for q in 0..<s {
          let (u, v) = (re[q], im[q])
          re[q] = a * u - b * v
          im[q] = a * v + b * u
        }
      }
    }
  }
}
