import NTKHeader
import NTKProgram
import NTKRuntime

/// An array of the caller, checked against the type that it should have.
struct CallerArray {
  let type: ValueType
  /// The first element; some address where there is none.
  let data: UnsafeMutableRawPointer
  /// One for each axis, in units of `strideUnit` bytes.
  let strides: [Int]
  /// The size of an element; 1 where elements are not aligned.
  let strideUnit: Int
  /// From the lowest address of an element to past the highest; empty where there is none.
  let extent: Range<UInt>

  var isAligned: Bool { strideUnit == type.elementType.byteCount }
  var byteStrides: [Int] { strides.map { $0 * strideUnit } }

  /// What stands for the address of an array without elements.
  nonisolated(unsafe) private static let nowhere = UnsafeMutableRawPointer.allocate(
    byteCount: AlignedStorage.alignment, alignment: AlignedStorage.alignment)

  /// - Throws: `.argument`, `.elementType`, `.shape`; nothing of the elements is read.
  init(
    _ buffer: ntk_buffer, _ type: ValueType, isOutput: Bool, label: () -> String
  ) throws(NTKError) {
    let itemSize = type.elementType.byteCount
    self.type = type
    try Self.checkFlags(buffer, isOutput: isOutput, label: label)
    try Self.checkType(buffer, type, label: label)
    guard type.shape.elementCount > 0 else {
      (data, strides, strideUnit) = (Self.nowhere, type.shape.strides, itemSize)
      extent = 0..<0
      return
    }
    guard let data = buffer.data else {
      throw .argument(
        label(), expected: "the address of \(type.shape.elementCount) elements", got: "NULL")
    }
    let address = UInt(bitPattern: data)
    var strides = type.shape.sizes
    var reach = Reach()
    var rowMajor = itemSize
    var isAligned = address % UInt(itemSize) == 0
    for axis in strides.indices.reversed() {
      let size = type.shape[axis]
      // The stride of an axis of size 1 says nothing.
      let stride = size == 1 ? rowMajor : buffer.strides.map { Int($0[axis]) } ?? rowMajor
      if isOutput && stride.magnitude < itemSize {
        throw .argument(
          label(), expected: "an output whose elements stand apart",
          got: "a stride of \(stride) bytes in axis \(axis)")
      }
      strides[axis] = stride
      isAligned = isAligned && stride % itemSize == 0
      reach.add(size, stride)
      rowMajor &*= size
    }
    if isAligned {
      for axis in strides.indices { strides[axis] /= itemSize }
    }
    self.data = data
    self.strides = strides
    strideUnit = isAligned ? itemSize : 1
    guard let extent = reach.extent(from: address, itemSize: itemSize) else {
      throw .argument(
        "strides of \(label())", expected: "elements within the address space",
        got: "some beyond it")
    }
    self.extent = extent
  }

  private static func checkFlags(
    _ buffer: ntk_buffer, isOutput: Bool, label: () -> String
  ) throws(NTKError) {
    guard buffer.flags & ~UInt32(NTK_READ_ONLY) == 0 else {
      throw .argument(
        "flags of \(label())", expected: "NTK_READ_ONLY or 0", got: "\(buffer.flags)")
    }
    guard !isOutput || buffer.flags == 0 else {
      throw .argument(label(), expected: "an array to write to", got: "a read-only one")
    }
  }

  private static func checkType(
    _ buffer: ntk_buffer, _ type: ValueType, label: () -> String
  ) throws(NTKError) {
    let elementType = try Caller.elementType(buffer.element_type, label)
    guard elementType == type.elementType else {
      throw .elementType(label(), expected: type.elementType.name, got: elementType)
    }
    let sizes = try Caller.sizes(of: buffer, label)
    guard sizes.count == type.rank, zip(sizes, type.shape).allSatisfy({ Int($0) == $1 }) else {
      throw .shape(
        label(), expected: "\(type.shape)", got: try Shape(sizes.map { Int($0) }))
    }
  }
}

/// How far elements stand from the first one, in bytes.
private struct Reach {
  private var low = 0
  private var high = 0
  private var overflows = false

  mutating func add(_ size: Int, _ stride: Int) {
    let (span, tooLong) = (size - 1).multipliedReportingOverflow(by: stride)
    let (sum, tooFar) = (stride < 0 ? low : high).addingReportingOverflow(span)
    if stride < 0 { low = sum } else { high = sum }
    overflows = overflows || tooLong || tooFar
  }

  func extent(from address: UInt, itemSize: Int) -> Range<UInt>? {
    if overflows { return nil }
    let (start, before) = address.subtractingReportingOverflow(low.magnitude)
    let (last, beyond) = address.addingReportingOverflow(UInt(high))
    let (end, past) = last.addingReportingOverflow(UInt(itemSize))
    return before || beyond || past ? nil : start..<end
  }
}

extension Caller {
  static func sizes(
    of buffer: ntk_buffer, _ label: () -> String
  ) throws(NTKError) -> UnsafeBufferPointer<Int64> {
    guard buffer.rank >= 0, buffer.rank <= Shape.maximumRank else {
      throw .argument(
        "rank of \(label())", expected: "0 to \(Shape.maximumRank)", got: "\(buffer.rank)")
    }
    guard buffer.rank == 0 || buffer.sizes != nil else {
      throw .argument("sizes of \(label())", expected: "\(buffer.rank) sizes", got: "NULL")
    }
    return UnsafeBufferPointer(start: buffer.sizes, count: Int(buffer.rank))
  }
}

/// The inputs or outputs of a call, as they came.
struct Buffers {
  private let pointer: UnsafePointer<ntk_buffer>?
  private let count: Int
  private let name: String

  init(_ pointer: UnsafePointer<ntk_buffer>?, _ count: Int, _ name: String) {
    self.pointer = pointer
    self.count = count
    self.name = name
  }

  /// The arrays, each checked against its type.
  func arrays(
    _ types: ArraySlice<ValueType>, isOutput: Bool, label: (Int) -> String
  ) throws(NTKError) -> [CallerArray] {
    guard count == types.count else {
      throw .argument(
        name, expected: "\(types.count) arrays", got: "\(UInt(bitPattern: count))")
    }
    let buffers = try Caller.list(pointer, count, name)
    var arrays: [CallerArray] = []
    arrays.reserveCapacity(count)
    for (index, type) in types.enumerated() {
      arrays.append(
        try CallerArray(buffers[index], type, isOutput: isOutput, label: { label(index) }))
    }
    return arrays
  }
}

/// - Throws: `.argument` if an output shares memory with another array.
func checkDisjoint(
  _ inputs: [CallerArray], _ outputs: [CallerArray], inputLabel: (Int) -> String
) throws(NTKError) {
  // In order of addresses an overlap is one with the farthest array so far.
  var order: [(extent: Range<UInt>, index: Int)] = []
  order.reserveCapacity(inputs.count + outputs.count)
  for (index, array) in inputs.enumerated() where !array.extent.isEmpty {
    order.append((array.extent, index))
  }
  for (index, array) in outputs.enumerated() where !array.extent.isEmpty {
    order.append((array.extent, inputs.count + index))
  }
  order.sort { $0.extent.lowerBound < $1.extent.lowerBound }
  func label(_ index: Int) -> String {
    index < inputs.count ? inputLabel(index) : "output \(index - inputs.count)"
  }
  var farthestInput = (end: UInt(0), index: 0)
  var farthestOutput = (end: UInt(0), index: 0)
  for (extent, index) in order {
    let isOutput = index >= inputs.count
    let start = extent.lowerBound
    var other: Int?
    if start < farthestOutput.end { other = farthestOutput.index }
    if isOutput && start < farthestInput.end { other = farthestInput.index }
    if let other {
      let (output, array) = isOutput ? (index, other) : (other, index)
      throw .argument(
        label(output), expected: "memory of its own", got: "memory of \(label(array)) too")
    }
    let end = extent.upperBound
    if isOutput {
      if end > farthestOutput.end { farthestOutput = (end, index) }
    } else {
      if end > farthestInput.end { farthestInput = (end, index) }
    }
  }
}
