/// The type of an array's elements. Raw values are those of `ntk_element_type`, frozen.
public enum ElementType: Int32, Hashable, Sendable, CaseIterable {
  case f32 = 1
  case f64 = 2
  case i32 = 3
  case i64 = 4
  case u8 = 5
  case u32 = 6
  case u64 = 7
  case bool = 8

  /// The name in program text and in messages.
  public var name: String {
    switch self {
    case .f32: "f32"
    case .f64: "f64"
    case .i32: "i32"
    case .i64: "i64"
    case .u8: "u8"
    case .u32: "u32"
    case .u64: "u64"
    case .bool: "bool"
    }
  }

  /// The element type of that name.
  public init?(name: some StringProtocol) {
    guard let match = ElementType.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f32, .i32, .u32: 4
    case .f64, .i64, .u64: 8
    case .u8, .bool: 1
    }
  }

  public var isFloating: Bool { self == .f32 || self == .f64 }
  public var isInteger: Bool { !isFloating && self != .bool }
  public var isSigned: Bool { isFloating || self == .i32 || self == .i64 }
}
