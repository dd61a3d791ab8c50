import CVectorLoops
import NTKHeader
import NTKProgram
import NTKRuntime

/// The caller's arrays as the executor takes them: themselves where that can be, else copies,
/// aligned, with booleans that are 0 or 1.
struct Temporaries {
  /// What the copies take.
  private(set) var byteCount = 0
  private var copies: [AlignedStorage] = []
  private var outputs: [(array: CallerArray, storage: AlignedStorage)] = []

  mutating func input(_ array: CallerArray) throws(NTKError) -> ArrayReference {
    let reference = array.reference
    guard !array.isAligned || !array.hasPlainBooleans(reference) else { return reference }
    let storage = try allocate(array)
    copies.append(storage)
    let copy = ArrayReference(data: storage.baseAddress, type: array.type)
    array.copy(to: copy)
    if array.type.elementType == .bool, let loop = ntk_find_convert_loop(NTK_LOOP_BOOL, NTK_LOOP_U8)
    {
      loop(copy.data, copy.data, array.type.byteCount)
    }
    return copy
  }

  mutating func output(_ array: CallerArray) throws(NTKError) -> ArrayReference {
    guard !array.isAligned else { return array.reference }
    let storage = try allocate(array)
    outputs.append((array, storage))
    return ArrayReference(data: storage.baseAddress, type: array.type)
  }

  /// After the run.
  func writeOutputs() {
    for (array, storage) in outputs {
      array.copy(from: ArrayReference(data: storage.baseAddress, type: array.type))
    }
  }

  private mutating func allocate(_ array: CallerArray) throws(NTKError) -> AlignedStorage {
    let needed = array.type.byteCount
    guard let storage = AlignedStorage(byteCount: needed) else {
      throw .outOfMemory(needed: needed, limit: nil)
    }
    byteCount += needed
    return storage
  }
}

extension CallerArray {
  /// The array itself; only of one that is aligned.
  fileprivate var reference: ArrayReference {
    ArrayReference(
      data: data, elementType: type.elementType, sizes: type.shape.sizes, strides: strides)
  }

  /// False if there are booleans other than 0 and 1, or they cannot be looked through at once.
  fileprivate func hasPlainBooleans(_ reference: ArrayReference) -> Bool {
    guard type.elementType == .bool, type.shape.elementCount > 0 else { return true }
    guard reference.isContiguous else { return false }
    let bytes = UnsafeRawBufferPointer(start: data, count: type.byteCount)
    return bytes.reduce(0, |) <= 1
  }

  /// To a row-major array.
  fileprivate func copy(to out: ArrayReference) {
    guard type.shape.elementCount > 0 else { return }
    VectorLoops.copy(
      to: out.data, strides: strides(of: out), from: data, strides: copyStrides,
      sizes: copySizes, itemSize: strideUnit)
  }

  /// From a row-major array.
  fileprivate func copy(from input: ArrayReference) {
    guard type.shape.elementCount > 0 else { return }
    VectorLoops.copy(
      to: data, strides: copyStrides, from: input.data, strides: strides(of: input),
      sizes: copySizes, itemSize: strideUnit)
  }

  // Elements that are not aligned are copied as one more axis of bytes.
  private var copyStrides: [Int] { byteStrides + (isAligned ? [] : [1]) }
  private var copySizes: [Int] {
    type.shape.sizes + (isAligned ? [] : [type.elementType.byteCount])
  }
  private func strides(of array: ArrayReference) -> [Int] {
    array.byteStrides + (isAligned ? [] : [1])
  }

  /// The most bytes of a constant: it is copied where memory that is out would trap.
  private static let largestConstant = 1 << 28

  /// The elements of a caller's array, for a program.
  static func constant(_ buffer: ntk_buffer) throws(NTKError) -> DenseArray {
    let label = { "data" }
    let elementType = try Caller.elementType(buffer.element_type, label)
    let sizes = try Caller.sizes(of: buffer, label).map { Int($0) }
    let type = try ValueType(elementType, sizes)
    let array = try CallerArray(buffer, type, isOutput: false, label: label)
    guard type.byteCount <= largestConstant else {
      throw .unsupported(
        "a constant has at most \(largestConstant) bytes, this one \(type.byteCount):"
          + " make it a captured input")
    }
    // A constant of one repeated element may be larger than what memory there is.
    guard let storage = AlignedStorage(byteCount: type.byteCount) else {
      throw .outOfMemory(needed: type.byteCount, limit: nil)
    }
    array.copy(to: ArrayReference(data: storage.baseAddress, type: type))
    return try DenseArray(
      type, bytes: Array(UnsafeRawBufferPointer(start: storage.baseAddress, count: type.byteCount))
    )
  }
}
