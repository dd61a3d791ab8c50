import NTKHeader

/// An array of a test in memory of its own, in any layout.
final class TestArray {
  let type: Int32
  let sizes: [Int]
  let byteStrides: [Int]
  /// The whole memory, the bytes between elements included.
  let memory: UnsafeMutableRawBufferPointer
  let first: UnsafeMutableRawPointer
  var flags: UInt32 = 0
  private let extents: UnsafeMutablePointer<Int64>

  static let types: [ntk_element_type] = [
    NTK_F32, NTK_F64, NTK_I32, NTK_I64, NTK_U8, NTK_U32, NTK_U64, NTK_BOOL,
  ]

  static func itemSize(_ type: Int32) -> Int {
    switch ntk_element_type(UInt32(type)) {
    case NTK_F64, NTK_I64, NTK_U64: 8
    case NTK_U8, NTK_BOOL: 1
    default: 4
    }
  }

  /// Row-major without gaps.
  convenience init(_ type: Int32, _ sizes: [Int]) {
    var strides = sizes
    var stride = TestArray.itemSize(type)
    for axis in sizes.indices.reversed() {
      strides[axis] = stride
      stride *= max(sizes[axis], 1)
    }
    self.init(type, sizes, byteStrides: strides)
  }

  /// - Parameter offset: bytes by which the first element is off its alignment.
  init(_ type: Int32, _ sizes: [Int], byteStrides: [Int], offset: Int = 0) {
    self.type = type
    self.sizes = sizes
    self.byteStrides = byteStrides
    var (low, high) = (0, TestArray.itemSize(type))
    for (size, stride) in zip(sizes, byteStrides) where !sizes.contains(0) {
      if stride < 0 { low -= (size - 1) * stride } else { high += (size - 1) * stride }
    }
    // Aligned steps before the first element.
    low = (low + 7) & ~7
    memory = .allocate(byteCount: low + high + offset, alignment: 8)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    first = memory.baseAddress! + low + offset
    extents = .allocate(capacity: 2 * sizes.count + 1)
    for (axis, (size, stride)) in zip(sizes, byteStrides).enumerated() {
      extents[axis] = Int64(size)
      extents[sizes.count + axis] = Int64(stride)
    }
  }

  deinit {
    memory.deallocate()
    extents.deallocate()
  }

  var itemSize: Int { TestArray.itemSize(type) }
  var count: Int { sizes.reduce(1, *) }

  var buffer: ntk_buffer {
    ntk_buffer(
      data: first, element_type: type, flags: flags, rank: Int64(sizes.count), sizes: extents,
      strides: extents + sizes.count)
  }

  /// Addresses of the elements in row-major order.
  var addresses: [UnsafeMutableRawPointer] {
    var offsets = [0]
    for (size, stride) in zip(sizes, byteStrides) {
      offsets = offsets.flatMap { start in (0..<size).map { start + $0 * stride } }
    }
    return offsets.map { first + $0 }
  }

  /// The bytes of the elements in row-major order.
  var bytes: [UInt8] {
    get {
      addresses.flatMap { [UInt8](UnsafeRawBufferPointer(start: $0, count: itemSize)) }
    }
    set {
      for (index, address) in addresses.enumerated() {
        for offset in 0..<itemSize {
          address.storeBytes(
            of: newValue[index * itemSize + offset], toByteOffset: offset, as: UInt8.self)
        }
      }
    }
  }

  var doubles: [Double] {
    get { addresses.map { $0.loadUnaligned(as: Double.self) } }
    set { bytes = newValue.flatMap { withUnsafeBytes(of: $0) { [UInt8]($0) } } }
  }

  /// Numbers between -1 and 1, small integers, or booleans.
  func randomize(_ random: inout RandomNumbers) {
    bytes = (0..<count).flatMap { _ -> [UInt8] in
      let unit = Double(random.next() >> 11) / Double(1 << 52) - 1
      switch ntk_element_type(UInt32(type)) {
      case NTK_F32: return withUnsafeBytes(of: Float(unit)) { [UInt8]($0) }
      case NTK_F64: return withUnsafeBytes(of: unit) { [UInt8]($0) }
      default: return [UInt8(random.below(2))] + [UInt8](repeating: 0, count: itemSize - 1)
      }
    }
  }

  /// The same elements in a layout drawn at random: axes permuted, reversed, with gaps, off
  /// their alignment.
  func copy(in random: inout RandomNumbers, isOutput: Bool = false) -> TestArray {
    var strides = sizes
    let isAligned = random.below(2) == 0
    let unit = isAligned ? itemSize : 1
    var stride = itemSize
    for axis in sizes.indices.shuffled(using: &random) {
      stride += unit * random.below(3)
      strides[axis] = random.below(3) == 0 ? -stride : stride
      stride *= max(sizes[axis], 1)
    }
    let copy = TestArray(
      type, sizes, byteStrides: strides, offset: isAligned ? 0 : random.below(itemSize))
    copy.flags = isOutput ? 0 : UInt32(NTK_READ_ONLY) * UInt32(random.below(2))
    copy.bytes = bytes
    return copy
  }
}

extension Int32 {
  init(_ type: ntk_element_type) { self = Int32(type.rawValue) }
}
