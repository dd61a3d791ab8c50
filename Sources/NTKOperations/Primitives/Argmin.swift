import NTKProgram

/// The place of the first least element along an axis, of the first NaN if there is one.
public struct Argmin: PositionOfExtreme {
  public static let name = "argmin"
  public internal(set) var axes: [Int] = []
  public internal(set) var indexType = ElementType.i32

  public init() {}

  static func isBetter<T: Comparable>(_ x: T, than best: T) -> Bool { x < best }
}
