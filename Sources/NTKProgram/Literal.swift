/// One element, by its bits: hashable, exact for every element type, NaN canonical.
public struct Literal: Hashable, Sendable {
  public let elementType: ElementType
  /// Little-endian bits of the element, zero above it.
  public let bits: UInt64

  public init(_ value: Double, _ type: ElementType) {
    elementType = type
    bits = Literal.bits(of: value, type)
  }

  public init(_ value: Int, _ type: ElementType) {
    elementType = type
    bits =
      switch type {
      case .f32, .f64: Literal.bits(of: Double(value), type)
      case .i32, .u32: UInt64(UInt32(truncatingIfNeeded: value))
      case .i64, .u64: UInt64(bitPattern: Int64(value))
      case .u8: UInt64(UInt8(truncatingIfNeeded: value))
      case .bool: value == 0 ? 0 : 1
      }
  }

  public init(_ value: UInt64, _ type: ElementType) {
    if type.isFloating {
      self.init(Double(value), type)
    } else {
      self.init(Int(Int64(bitPattern: value)), type)
    }
  }

  /// The element at an address.
  public init(at pointer: UnsafeRawPointer, _ type: ElementType) {
    elementType = type
    switch type {
    case .f32:
      let value = pointer.loadUnaligned(as: Float.self)
      bits = value.isNaN ? Literal.bits(of: .nan, type) : UInt64(value.bitPattern)
    case .f64: bits = Literal.bits(of: pointer.loadUnaligned(as: Double.self), type)
    case .i32, .u32: bits = UInt64(pointer.loadUnaligned(as: UInt32.self))
    case .i64, .u64: bits = pointer.loadUnaligned(as: UInt64.self)
    case .u8: bits = UInt64(pointer.load(as: UInt8.self))
    case .bool: bits = pointer.load(as: UInt8.self) == 0 ? 0 : 1
    }
  }

  private static func bits(of value: Double, _ type: ElementType) -> UInt64 {
    let value = value.isNaN ? Double.nan : value
    switch type {
    case .f32: return UInt64(Float(value).bitPattern)
    case .f64: return value.bitPattern
    case .bool: return value == 0 ? 0 : 1
    default:
      // Saturates, as convert_element_type does.
      if value.isNaN { return 0 }
      switch type {
      case .i32: return UInt64(UInt32(bitPattern: Int32(clampingTruncated: value)))
      case .i64: return UInt64(bitPattern: Int64(clampingTruncated: value))
      case .u8: return UInt64(UInt8(clampingTruncated: value))
      case .u32: return UInt64(UInt32(clampingTruncated: value))
      default: return UInt64(clampingTruncated: value)
      }
    }
  }

  /// The element as a double, rounded where it does not fit.
  public var doubleValue: Double {
    switch elementType {
    case .f32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .f64: Double(bitPattern: bits)
    case .i32: Double(Int32(truncatingIfNeeded: bits))
    case .i64: Double(Int64(bitPattern: bits))
    case .u8, .u32, .u64, .bool: Double(bits)
    }
  }

  /// True for 0 and -0.
  public var isZero: Bool { doubleValue == 0 }

  /// Whether it is +0 (floats), 0 or false.
  public var isPositiveZero: Bool { bits == 0 }

  public func store(to pointer: UnsafeMutableRawPointer) {
    switch elementType.byteCount {
    case 1: pointer.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
    case 4: pointer.storeBytes(of: UInt32(truncatingIfNeeded: bits), as: UInt32.self)
    default: pointer.storeBytes(of: bits, as: UInt64.self)
    }
  }

  /// The least value of a type: -inf for floats. What the greatest of no elements is.
  public static func lowest(_ type: ElementType) -> Literal {
    switch type {
    case .f32, .f64: Literal(-Double.infinity, type)
    case .i32: Literal(Int(Int32.min), type)
    case .i64: Literal(Int(Int64.min), type)
    case .u8, .u32, .u64, .bool: Literal(0, type)
    }
  }

  public static func zero(_ type: ElementType) -> Literal { Literal(0, type) }
  public static func one(_ type: ElementType) -> Literal { Literal(1, type) }
}

extension FixedWidthInteger {
  /// Towards zero, at the ends for what does not fit; not for NaN.
  fileprivate init(clampingTruncated value: Double) {
    if value <= Double(Self.min) {
      self = .min
    } else if value >= Double(Self.max) {
      self = .max
    } else {
      self = Self(value)
    }
  }
}

extension Literal: CustomStringConvertible {
  /// As in program text: reads back to the same bits.
  public var description: String {
    switch elementType {
    case .f32: Literal.text(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .f64: Literal.text(Double(bitPattern: bits))
    case .i32: String(Int32(truncatingIfNeeded: bits))
    case .i64: String(Int64(bitPattern: bits))
    case .u8, .u32, .u64: String(bits)
    case .bool: bits == 0 ? "false" : "true"
    }
  }

  private static func text<T: BinaryFloatingPoint & LosslessStringConvertible>(_ value: T) -> String
  {
    value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : value.description
  }
}
