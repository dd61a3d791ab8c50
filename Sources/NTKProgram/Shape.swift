/// Sizes of an array's axes, row-major, checked once: the product of the sizes, and of the sizes
/// with any element size, fits in `Int`, so index arithmetic on a `Shape` cannot overflow.
public struct Shape: Hashable, Sendable, RandomAccessCollection {
  public let sizes: [Int]
  /// The number of elements.
  public let elementCount: Int

  /// The highest rank, `NTK_MAX_RANK`.
  public static let maximumRank = 32

  /// - Throws: `.negativeSize`, `.rankTooHigh`, `.shapeTooLarge`.
  public init(_ sizes: [Int]) throws(NTKError) {
    guard sizes.count <= Shape.maximumRank else { throw .rankTooHigh(sizes.count) }
    // Sizes beside a 0 count too: strides are products of some of them.
    var bound = 8
    var count = 1
    for size in sizes {
      guard size >= 0 else { throw .negativeSize(sizes) }
      let (product, overflow) = bound.multipliedReportingOverflow(by: Swift.max(size, 1))
      guard !overflow, product <= Int.max / 4 else { throw .shapeTooLarge(sizes) }
      bound = product
      count *= size
    }
    self.sizes = sizes
    elementCount = count
  }

  private init(unchecked sizes: [Int], elementCount: Int) {
    self.sizes = sizes
    self.elementCount = elementCount
  }

  /// The shape of a scalar.
  public static let scalar = Shape(unchecked: [], elementCount: 1)
  /// The shape of a vector without elements.
  static let empty = Shape(unchecked: [0], elementCount: 0)

  public var rank: Int { sizes.count }
  public var startIndex: Int { 0 }
  public var endIndex: Int { sizes.count }
  public subscript(axis: Int) -> Int { sizes[axis] }

  /// Row-major strides, in elements. An axis of size 0 counts as 1.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var stride = 1
    for axis in sizes.indices.reversed() {
      strides[axis] = stride
      stride *= Swift.max(sizes[axis], 1)
    }
    return strides
  }

  /// With an axis inserted before `axis`.
  public func inserting(_ size: Int, at axis: Int) throws(NTKError) -> Shape {
    var sizes = sizes
    sizes.insert(size, at: axis)
    return try Shape(sizes)
  }

  /// Without the axes.
  public func removing(_ axes: [Int]) -> Shape {
    var kept: [Int] = []
    for axis in sizes.indices where !axes.contains(axis) { kept.append(sizes[axis]) }
    return Shape(unchecked: kept, elementCount: kept.reduce(1, *))
  }

  public static func == (a: Shape, b: Shape) -> Bool { a.sizes == b.sizes }
  public func hash(into hasher: inout Hasher) { hasher.combine(sizes) }
}

extension Shape: CustomStringConvertible {
  public var description: String { "(" + sizes.map(String.init).joined(separator: ", ") + ")" }
}

extension Sequence where Element == Int {
  /// The sum of counts of bytes or elements; `Int.max` where it does not fit, which no allocation
  /// and no limit lets through.
  public func saturatingSum() -> Int {
    var total = 0
    for count in self {
      let (sum, overflow) = total.addingReportingOverflow(count)
      if overflow { return .max }
      total = sum
    }
    return total
  }
}

/// Element type and shape of a value.
public struct ValueType: Hashable, Sendable, CustomStringConvertible {
  public let elementType: ElementType
  public let shape: Shape

  public init(_ elementType: ElementType, _ shape: Shape) {
    self.elementType = elementType
    self.shape = shape
  }

  public init(_ elementType: ElementType, _ sizes: [Int]) throws(NTKError) {
    self.init(elementType, try Shape(sizes))
  }

  public var rank: Int { shape.rank }
  public var byteCount: Int { shape.elementCount * elementType.byteCount }
  public var isFloating: Bool { elementType.isFloating }

  public func with(_ elementType: ElementType) -> ValueType { ValueType(elementType, shape) }
  public func with(_ shape: Shape) -> ValueType { ValueType(elementType, shape) }

  /// As in program text: `f32[2,3]`.
  public var description: String {
    elementType.name + "[" + shape.sizes.map(String.init).joined(separator: ",") + "]"
  }
}
