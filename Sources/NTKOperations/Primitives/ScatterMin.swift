import CVectorLoops
import NTKProgram

/// The least of an array's elements and those of slices at places that index vectors give;
/// `jax.lax.scatter_min`.
public struct ScatterMin: ScatteredExtreme {
  public static let name = "scatter_min"
  static let combination: ntk_binary_operation? = NTK_LOOP_MIN
  var numbers = IndexNumbers()
  public internal(set) var mode = IndexMode.fill

  public init() {}
}
