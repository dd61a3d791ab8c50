import CVectorLoops

extension ElementType {
  /// The same type for the C loops.
  public var loop: ntk_loop_type { ntk_loop_type(rawValue: UInt32(rawValue)) }
}

/// A block function over a unary loop of the C table.
public func unaryBlock(_ operation: ntk_unary_operation, _ type: ElementType) -> BlockFunction? {
  guard let loop = ntk_find_unary_loop(operation, type.loop) else { return nil }
  return { loop($0, $1[0], $2) }
}

/// A block function over a binary loop of the C table.
public func binaryBlock(_ operation: ntk_binary_operation, _ type: ElementType) -> BlockFunction? {
  guard let loop = ntk_find_binary_loop(operation, type.loop) else { return nil }
  return { loop($0, $1[0], $1[1], $2) }
}

/// Copies between layouts; strides in bytes.
public func copyStrided(
  from source: UnsafeRawPointer, strides sourceStrides: [Int],
  to target: UnsafeMutableRawPointer, strides targetStrides: [Int], sizes: [Int], itemSize: Int
) {
  ntk_copy(
    target, targetStrides, source, sourceStrides, sizes, Int32(sizes.count), itemSize)
}

/// Copies an array between layouts.
public func copyArray(from source: ArrayReference, to target: ArrayReference) {
  copyStrided(
    from: source.data, strides: source.byteStrides, to: target.data, strides: target.byteStrides,
    sizes: source.sizes, itemSize: source.elementType.byteCount)
}
