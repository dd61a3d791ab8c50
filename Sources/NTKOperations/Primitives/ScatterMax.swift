import CVectorLoops
import NTKProgram

/// The greatest of an array's elements and those of slices at places that index vectors give;
/// `jax.lax.scatter_max`.
public struct ScatterMax: ScatteredExtreme {
  public static let name = "scatter_max"
  static let combination: ntk_binary_operation? = NTK_LOOP_MAX
  var numbers = IndexNumbers()
  public internal(set) var mode = IndexMode.fill

  public init() {}
}
