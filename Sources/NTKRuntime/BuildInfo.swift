import COpenBLAS
import CVectorLoops

/// What this library runs on.
public enum BuildInfo {
  /// The instruction set of the elementwise loops: "baseline", "x86-64-v3" or "x86-64-v4".
  public static var instructionSet: String {
    String(cString: ntk_loops_instruction_set(ntk_loops()))
  }

  /// OpenBLAS's version and how it was built.
  public static var blasConfiguration: String { text(openblas_get_config()) }

  /// The processor whose matrix product OpenBLAS chose.
  public static var blasCoreName: String { text(openblas_get_corename()) }

  private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }
}
