import CVectorLoops
import XCTest

/// SplitMix64: small, seeded, the same everywhere.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// An element type that the loops know.
protocol Element: Equatable, BitwiseCopyable, SendableMetatype {
  static var code: ntk_loop_type { get }
  /// Values where loops go wrong.
  static var specials: [Self] { get }
  static func random(_ generator: inout Generator) -> Self
  /// How far apart, in units in the last place; 0 for equal values and for two NaNs.
  static func distance(_ a: Self, _ b: Self) -> Double
}

extension Element where Self: FixedWidthInteger {
  static var specials: [Self] {
    [0, 1, 2, 3, 7, .max, .max - 1, .min, .min + 1, Self.max / 2, Self(truncatingIfNeeded: -1)]
  }

  static func random(_ generator: inout Generator) -> Self {
    let any = Self.random(in: .min ... .max, using: &generator)
    return Bool.random(using: &generator) ? any : any >> (Self.bitWidth / 2)
  }

  static func distance(_ a: Self, _ b: Self) -> Double { a == b ? 0 : .infinity }
}

extension Int32: Element { static let code = NTK_LOOP_I32 }
extension Int64: Element { static let code = NTK_LOOP_I64 }
extension UInt8: Element { static let code = NTK_LOOP_U8 }
extension UInt32: Element { static let code = NTK_LOOP_U32 }
extension UInt64: Element { static let code = NTK_LOOP_U64 }

extension Bool: Element {
  static let code = NTK_LOOP_BOOL
  static let specials = [false, true]
  static func random(_ generator: inout Generator) -> Bool { random(using: &generator) }
  static func distance(_ a: Bool, _ b: Bool) -> Double { a == b ? 0 : .infinity }
}

protocol FloatElement: Element, BinaryFloatingPoint {
  /// The values in order, as integers; -0 and 0 differ.
  var order: Int64 { get }
}

extension FloatElement {
  static var specials: [Self] {
    let some: [Self] = [
      0, .leastNonzeroMagnitude, .leastNormalMagnitude, .ulpOfOne, 1e-10, 0.5, 1, 1.5, 2, 3, 20, 88,
      89, 104, 709, 710, 745, 746, 1e10, 1e30, .greatestFiniteMagnitude, .infinity,
    ]
    return some + some.map { -$0 } + [.nan]
  }

  static func random(_ generator: inout Generator) -> Self {
    let exponent = Double.random(in: -12...6, using: &generator)
    let sign = Bool.random(using: &generator) ? 1.0 : -1.0
    return Self(sign * pow(2, exponent) * Double.random(in: 1...2, using: &generator))
  }

  static func distance(_ a: Self, _ b: Self) -> Double {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? 0 : .infinity }
    let (difference, overflow) = a.order.subtractingReportingOverflow(b.order)
    return overflow ? .infinity : Double(difference.magnitude)
  }
}

extension Float: FloatElement {
  static let code = NTK_LOOP_F32
  var order: Int64 { sign == .minus ? -1 - Int64(magnitude.bitPattern) : Int64(bitPattern) }
}

extension Double: FloatElement {
  static let code = NTK_LOOP_F64
  var order: Int64 { sign == .minus ? -1 - Int64(magnitude.bitPattern) : Int64(bitPattern) }
}

/// Every table that this machine can run.
func availableLoops() -> [OpaquePointer] { (0...2).compactMap { ntk_loops_for($0) } }

func instructionSet(_ loops: OpaquePointer) -> String {
  String(cString: ntk_loops_instruction_set(loops))
}

/// Wider than any element, where the processor has it.
#if arch(x86_64)
  typealias Wide = Float80
#else
  typealias Wide = Double
#endif

/// The sizes that catch a loop's beginning, body and end.
let loopSizes = [0, 1, 2, 7, 8, 9, 15, 17, 31, 64, 65, 1000]

/// Memory at an offset of some elements, filled by `body`.
func withOutput<Out>(
  _ count: Int, of _: Out.Type, offset: Int = 0, _ body: (UnsafeMutableRawPointer) -> Void
) -> [Out] {
  let stride = MemoryLayout<Out>.stride
  let byteCount = (count + offset + 1) * stride
  let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
  defer { memory.deallocate() }
  memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  body(memory + offset * stride)
  return (0..<count).map { (memory + (offset + $0) * stride).load(as: Out.self) }
}

/// Compare arrays within some units in the last place.
func assertClose<T: Element>(
  _ got: [T], _ wanted: [T], ulps: Double = 0, _ what: @autoclosure () -> String,
  file: StaticString = #filePath, line: UInt = #line
) {
  XCTAssertEqual(got.count, wanted.count, what(), file: file, line: line)
  for (index, (a, b)) in zip(got, wanted).enumerated() where T.distance(a, b) > ulps {
    XCTFail(
      "\(what()): element \(index) is \(a), not \(b) (\(T.distance(a, b)) ulp)", file: file,
      line: line)
    return
  }
}
