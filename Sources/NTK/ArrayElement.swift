import NTKProgram
import NTKRuntime

/// A Swift type that is an element type of arrays.
public protocol ArrayElement: Sendable {
  static var elementType: ElementType { get }
}

extension Float: ArrayElement { public static var elementType: ElementType { .f32 } }
extension Double: ArrayElement { public static var elementType: ElementType { .f64 } }
extension Int32: ArrayElement { public static var elementType: ElementType { .i32 } }
extension Int64: ArrayElement { public static var elementType: ElementType { .i64 } }
extension Int: ArrayElement { public static var elementType: ElementType { .i64 } }
extension UInt8: ArrayElement { public static var elementType: ElementType { .u8 } }
extension UInt32: ArrayElement { public static var elementType: ElementType { .u32 } }
extension UInt64: ArrayElement { public static var elementType: ElementType { .u64 } }
extension Bool: ArrayElement { public static var elementType: ElementType { .bool } }

/// The elements of an array, row-major: `[Float]`, `[Double]`, `[Bool]`, ...; their shape is what
/// the program says.
public protocol ArrayElements: Sendable {
  var elementType: ElementType { get }
  var count: Int { get }
  /// Copies the elements, as bytes.
  func copy(to address: UnsafeMutableRawPointer)
}

extension Array: ArrayElements where Element: ArrayElement {
  public var elementType: ElementType { Element.elementType }

  public func copy(to address: UnsafeMutableRawPointer) {
    withUnsafeBytes { bytes in
      UnsafeMutableRawBufferPointer(start: address, count: bytes.count).copyMemory(from: bytes)
    }
  }
}

/// Arrays of one call in memory that it owns.
struct ArrayArguments {
  private var storage: [AlignedStorage] = []
  private(set) var references: [ArrayReference] = []

  /// Copies inputs.
  init(
    _ inputs: [any ArrayElements], _ types: [ValueType], label: (Int) -> String
  ) throws(NTKError) {
    guard inputs.count == types.count else {
      throw .argument("inputs", expected: "\(types.count) arrays", got: "\(inputs.count)")
    }
    for (index, (input, type)) in zip(inputs, types).enumerated() {
      guard input.elementType == type.elementType else {
        throw .elementType(
          label(index), expected: type.elementType.name, got: input.elementType)
      }
      guard input.count == type.shape.elementCount else {
        throw .argument(
          label(index), expected: "\(type.shape.elementCount) elements, of shape \(type.shape)",
          got: "\(input.count)")
      }
      input.copy(to: try allocate(type))
    }
  }

  /// Makes place for outputs.
  init<Result: ArrayElement>(_ types: [ValueType], of element: Result.Type) throws(NTKError) {
    for (index, type) in types.enumerated() {
      guard type.elementType == Result.elementType else {
        throw .elementType(
          "output \(index)", expected: Result.elementType.name, got: type.elementType)
      }
      _ = try allocate(type)
    }
  }

  private mutating func allocate(_ type: ValueType) throws(NTKError) -> UnsafeMutableRawPointer {
    guard let memory = AlignedStorage(byteCount: type.byteCount) else {
      throw .outOfMemory(needed: type.byteCount, limit: nil)
    }
    storage.append(memory)
    references.append(ArrayReference(data: memory.baseAddress, type: type))
    return memory.baseAddress
  }

  /// The elements of outputs.
  func elements<Result: ArrayElement>(_ element: Result.Type) -> [[Result]] {
    references.map { reference in
      let count = reference.elementCount
      return [Result](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        bytes.copyMemory(
          from: UnsafeRawBufferPointer(
            start: reference.data, count: count * MemoryLayout<Result>.stride))
        initializedCount = count
      }
    }
  }
}
