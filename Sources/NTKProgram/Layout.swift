/// Where the elements of an array stand: offset and strides in elements.
public struct Layout: Hashable, Sendable {
  public var sizes: [Int]
  public var strides: [Int]
  public var offset: Int

  public init(sizes: [Int], strides: [Int], offset: Int = 0) {
    self.sizes = sizes
    self.strides = strides
    self.offset = offset
  }

  /// Row-major without gaps.
  public init(_ shape: Shape) {
    self.init(sizes: shape.sizes, strides: shape.strides)
  }

  /// Whether the elements stand in row-major order without gaps, from the offset.
  public var isContiguous: Bool {
    var stride = 1
    for axis in sizes.indices.reversed() {
      if sizes[axis] == 0 { return true }
      if sizes[axis] != 1 && strides[axis] != stride { return false }
      stride *= sizes[axis]
    }
    return true
  }

  /// The layout of the same elements under another shape, if strides can say it.
  public func reshaped(to shape: Shape) -> Layout? {
    if isContiguous {
      return Layout(sizes: shape.sizes, strides: shape.strides, offset: offset)
    }
    // Walk both shapes from the left in groups of equal product; a group can be re-split if the
    // old axes in it merge into one stride.
    let old = sizes.indices.filter { sizes[$0] != 1 }
    var strides = [Int](repeating: 1, count: shape.rank)
    var source = 0
    var target = 0
    while target < shape.rank {
      if shape[target] == 1 {
        target += 1
        continue
      }
      guard source < old.count else { return nil }
      let firstSource = source
      let firstTarget = target
      var sourceCount = sizes[old[source]]
      var targetCount = shape[target]
      source += 1
      target += 1
      while sourceCount != targetCount {
        if sourceCount < targetCount {
          guard source < old.count else { return nil }
          sourceCount *= sizes[old[source]]
          source += 1
        } else {
          guard target < shape.rank else { return nil }
          targetCount *= shape[target]
          target += 1
        }
      }
      for index in firstSource..<(source - 1)
      where self.strides[old[index]] != self.strides[old[index + 1]] * sizes[old[index + 1]] {
        return nil
      }
      var stride = self.strides[old[source - 1]]
      for axis in (firstTarget..<target).reversed() {
        strides[axis] = stride
        stride *= shape[axis]
      }
    }
    return Layout(sizes: shape.sizes, strides: strides, offset: offset)
  }
}

/// An array while running: address, element type and layout. `data` already includes the offset.
public struct ArrayReference {
  public let data: UnsafeMutableRawPointer
  public let elementType: ElementType
  public let sizes: [Int]
  /// In elements.
  public let strides: [Int]

  public init(
    data: UnsafeMutableRawPointer, elementType: ElementType, sizes: [Int], strides: [Int]
  ) {
    self.data = data
    self.elementType = elementType
    self.sizes = sizes
    self.strides = strides
  }

  /// A row-major array without gaps.
  public init(data: UnsafeMutableRawPointer, type: ValueType) {
    self.init(
      data: data, elementType: type.elementType, sizes: type.shape.sizes,
      strides: type.shape.strides)
  }

  public var elementCount: Int { sizes.reduce(1, *) }
  public var byteStrides: [Int] { strides.map { $0 * elementType.byteCount } }
  public var isContiguous: Bool { Layout(sizes: sizes, strides: strides).isContiguous }

  /// The part at one index of the first axis.
  public func element(_ index: Int) -> ArrayReference {
    ArrayReference(
      data: data + index * strides[0] * elementType.byteCount, elementType: elementType,
      sizes: Array(sizes.dropFirst()), strides: Array(strides.dropFirst()))
  }
}
