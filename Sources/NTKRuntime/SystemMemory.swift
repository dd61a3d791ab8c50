import Glibc

/// What the system has left.
public enum SystemMemory {
  /// Bytes that can be had without swapping; nil: the system does not say.
  public static func available() -> Int? {
    guard let file = fopen("/proc/meminfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard text.hasPrefix("MemAvailable:") else { continue }
      let digits = text.drop { !("0"..."9").contains($0) }.prefix { ("0"..."9").contains($0) }
      return Int(digits).map { $0 * 1024 }
    }
    return nil
  }
}
