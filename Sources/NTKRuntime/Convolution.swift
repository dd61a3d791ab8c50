import CVectorLoops

/// A product over windows, with its layout in memory:
///
///     out[g, n, p, j] = Σ over w, c of  left[g, n, h, c] · right[g, w, c, j]
///     inputDilation · h = stride · p + dilation · w - low      on each spatial axis
///
/// where h is inside. Convolutions, their transposes by either operand, and both kinds of groups are
/// this product under other strides. The work is cut by the sizes alone.
public struct Convolution: Sendable {
  /// An index of two of the three arrays, or of all; strides in elements, 0 where it is absent.
  public struct Dimension: Hashable, Sendable {
    public var size: Int
    public var left: Int
    public var right: Int
    public var out: Int

    public init(_ size: Int, left: Int = 0, right: Int = 0, out: Int = 0) {
      self.size = size
      self.left = left
      self.right = right
      self.out = out
    }
  }

  /// A spatial axis. Products of sizes, strides and dilations fit in `Int`.
  public struct Axis: Hashable, Sendable {
    public var input: Dimension
    public var window: Dimension
    public var output: Dimension
    public var stride: Int
    public var dilation: Int
    public var inputDilation: Int
    public var low: Int

    public init(
      input: Dimension, window: Dimension, output: Dimension, stride: Int = 1, dilation: Int = 1,
      inputDilation: Int = 1, low: Int = 0
    ) {
      self.input = input
      self.window = window
      self.output = output
      self.stride = stride
      self.dilation = dilation
      self.inputDilation = inputDilation
      self.low = low
    }
  }

  let type: ntk_loop_type
  let itemSize: Int
  private let isEmpty: Bool
  private let phases: [Phase]
  private let outDimensions: [Dimension]
  /// Whether the phases leave places of the result out.
  private let hasGaps: Bool

  /// Where a part of the result, at every so many places, stands, and its plan.
  private struct Phase: Sendable {
    var right: Int
    var out: Int
    var plan: ConvolutionPlan
  }

  /// nil for bool.
  public init?(
    _ type: ntk_loop_type, groups: Dimension, batch: Dimension, features: Dimension,
    channels: Dimension, axes: [Axis]
  ) {
    guard ntk_find_product_loop(type) != nil else { return nil }
    self.type = type
    itemSize = Int(ntk_loop_item_size(type))
    outDimensions = [groups, batch, features] + axes.map(\.output)
    isEmpty = outDimensions.contains { $0.size == 0 }
    let hasTerms = !isEmpty && channels.size > 0 && axes.allSatisfy { $0.window.size > 0 }
    var parts: [(right: Int, out: Int, axes: [Axis])] = hasTerms ? [(0, 0, [])] : []
    var count = 1
    for axis in axes where hasTerms {
      let split = axis.phases
      count *= min(axis.output.size, axis.phaseCount)
      parts = parts.flatMap { part in
        split.map {
          (part.right + $0.right, part.out + $0.out, part.axes + [$0.axis])
        }
      }
    }
    hasGaps = parts.count < count || !hasTerms
    phases = parts.map { part in
      Phase(
        right: part.right, out: part.out,
        plan: ConvolutionPlan(
          type, groups: groups, batch: batch, features: features, channels: channels,
          axes: part.axes))
    }
  }

  /// Bytes of scratch memory that `run` needs.
  public var scratchByteCount: Int { phases.map(\.plan.scratchByteCount).max() ?? 0 }

  /// Compute. `out` is row-major without gaps and overlaps neither of the others.
  public func run(
    out: UnsafeMutableRawPointer, left: UnsafeRawPointer, right: UnsafeRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard !isEmpty else { return }
    if hasGaps {
      var zero: UInt64 = 0
      VectorLoops.fill(
        out, with: &zero, itemSize: itemSize,
        count: outDimensions.reduce(1) { $0 * $1.size })
    }
    for phase in phases {
      phase.plan.run(
        out: out + phase.out * itemSize, left: left, right: right + phase.right * itemSize,
        scratch: scratch)
    }
  }
}

extension Convolution.Axis {
  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  /// Positions this far apart read the same entries of the window.
  fileprivate var phaseCount: Int {
    inputDilation / Self.greatestCommonDivisor(inputDilation, stride)
  }

  /// The axis without input dilation. Of p = r + m p' only the window's entries w = w0 + k w' with
  ///
  ///     stride · r + dilation · w0 - low ≡ 0  (mod inputDilation)
  ///
  /// meet elements of the input; m and k are the steps that keep the congruence. Phases r for which
  /// there is no w0 are left out: their results are 0.
  fileprivate var phases: [(right: Int, out: Int, axis: Convolution.Axis)] {
    guard inputDilation > 1 else { return [(0, 0, self)] }
    let outStep = phaseCount
    let common = Self.greatestCommonDivisor(inputDilation, dilation)
    let windowStep = inputDilation / common
    var result: [(right: Int, out: Int, axis: Convolution.Axis)] = []
    for r in 0..<min(outStep, output.size) {
      let first = (0..<min(windowStep, window.size)).first {
        (stride * r + dilation * $0 - low) % inputDilation == 0
      }
      guard let first else { continue }
      var axis = self
      axis.output.size = (output.size - 1 - r) / outStep + 1
      axis.output.out = output.out * outStep
      axis.window.size = (window.size - 1 - first) / windowStep + 1
      axis.window.right = window.right * windowStep
      axis.stride = stride * outStep / inputDilation
      axis.dilation = dilation / common
      axis.inputDilation = 1
      axis.low = -((stride * r + dilation * first - low) / inputDilation)
      result.append((first * window.right, r * output.out, axis))
    }
    return result
  }
}
