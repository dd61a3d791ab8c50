import NTKExecution
import NTKProgram

/// A kernel of one shape of tile, compiled: whole, or its sides and its pairs apart.
struct KernelTile: Sendable {
  let whole: Executable?
  let firstSide: Executable?
  let secondSide: Executable?
  let pairs: Executable?

  init(_ kernel: TangentKernel, keepsSides: Bool) throws(NTKError) {
    guard keepsSides else {
      whole = try CompileCache.executable(for: try kernel.program())
      (firstSide, secondSide, pairs) = (nil, nil, nil)
      return
    }
    whole = nil
    firstSide = try CompileCache.executable(for: try kernel.side(isSecond: false))
    secondSide =
      kernel.second == nil ? nil : try CompileCache.executable(for: try kernel.side(isSecond: true))
    pairs = try CompileCache.executable(for: try kernel.pairs())
  }

  var arenaByteCount: Int {
    [whole, firstSide, secondSide, pairs].map { $0?.arenaByteCount ?? 0 }.max() ?? 0
  }

  var peakByteCount: Int {
    [whole, firstSide, secondSide, pairs].map { $0?.peakByteCount ?? 0 }.max() ?? 0
  }
}

extension TangentKernel {
  /// - Throws: `.invariant` unless the sides of a tile give what those of the whole give, but for the
  ///   number of samples.
  func expectSameSides(_ tile: TangentKernel) throws(NTKError) {
    for (part, other) in zip(parts, tile.parts) {
      let sides = [
        (part.firstSide, part.firstAxes, other.firstSide, other.firstAxes),
        second == nil
          ? (part.firstSide, part.firstAxes, other.secondSide, other.secondAxes)
          : (
            part.secondSide ?? part.firstSide, part.secondAxes, other.secondSide, other.secondAxes
          ),
      ]
      for case (let whole, let axes, let side?, let sideAxes) in sides {
        let isAlike = zip(whole.outputTypes, side.outputTypes).enumerated().allSatisfy {
          index, types in
          types.0.elementType == types.1.elementType && types.0.rank == types.1.rank
            && types.0.shape.indices.allSatisfy {
              $0 == axes[index] || types.0.shape[$0] == types.1.shape[$0]
            }
        }
        guard isAlike, axes == sideAxes, whole.outputs.count == side.outputs.count else {
          throw .invariant("a tile's sides give other arrays than the whole's")
        }
      }
    }
  }
}
