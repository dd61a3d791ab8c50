import CVectorLoops
import NTKProgram

/// The number of bits of each element that are 1.
public struct PopulationCount: BitCount {
  public static let name = "population_count"
  static let loop = NTK_LOOP_POPULATION_COUNT

  public init() {}
}
