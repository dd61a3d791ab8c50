import NTKProgram

/// Where the slices that index vectors select begin in an array, and in the array of slices;
/// offsets and strides in elements.
struct IndexPlan {
  /// The axes inside a slice.
  var windowSizes: [Int]
  var arrayStrides: [Int]
  var slicesStrides: [Int]

  private let indices: ArrayReference
  private let mode: IndexMode
  /// The axes of the indices but the index vector, and steps along them.
  private let batchSizes: [Int]
  private let arrayBatchStrides: [Int]
  private let slicesBatchStrides: [Int]
  /// For each element of the index vector: the last place where a slice may begin, and the step.
  private let components: [(last: Int, stride: Int)]

  init(
    _ numbers: IndexNumbers, array: ArrayReference, indices: ArrayReference,
    slices: ArrayReference, mode: IndexMode
  ) {
    let windowAxes = numbers.windowAxes(rank: array.sizes.count)
    windowSizes = numbers.windowDims.map { slices.sizes[$0] }
    arrayStrides = windowAxes.map { array.strides[$0] }
    slicesStrides = numbers.windowDims.map { slices.strides[$0] }
    self.indices = indices
    self.mode = mode
    batchSizes = Array(indices.sizes.dropLast())
    var batchStrides = [Int](repeating: 0, count: batchSizes.count)
    for (axis, indexAxis) in zip(numbers.operandBatching, numbers.indicesBatching) {
      batchStrides[indexAxis] = array.strides[axis]
    }
    arrayBatchStrides = batchStrides
    slicesBatchStrides = numbers.scatterDims(rank: slices.sizes.count).map { slices.strides[$0] }
    var sliceSizes = [Int](repeating: 1, count: array.sizes.count)
    for (axis, size) in zip(windowAxes, windowSizes) { sliceSizes[axis] = size }
    components = numbers.indexMap.map { axis in
      (last: array.sizes[axis] - sliceSizes[axis], stride: array.strides[axis])
    }
  }

  /// The number of index vectors.
  var count: Int { batchSizes.reduce(1, *) }

  var windowCount: Int { windowSizes.reduce(1, *) }

  /// The number of elements of a slice if they stand in a row in both arrays.
  var runCount: Int? {
    let isRow = [arrayStrides, slicesStrides].allSatisfy {
      Layout(sizes: windowSizes, strides: $0).isContiguous
    }
    return isRow ? windowCount : nil
  }

  /// - Throws: `.indexOutOfRange` in mode `error`, for the first index outside.
  func check() throws(NTKError) {
    guard mode == .error else { return }
    var failure: NTKError?
    forEachVector(0..<count) { address, _, _ in
      guard failure == nil else { return }
      for (position, component) in components.enumerated() {
        let index = element(address, position)
        if index < 0 || index > component.last {
          failure = .indexOutOfRange(index, size: component.last + 1)
          return
        }
      }
    }
    if let failure { throw failure }
  }

  /// Calls the body with the offsets of each slice, in row-major order of the index vectors; of one
  /// that is outside the array, with nil for the array's.
  func forEach(_ range: Range<Int>, _ body: (_ array: Int?, _ slices: Int) -> Void) {
    forEachVector(range) { address, arrayOffset, slicesOffset in
      var offset = arrayOffset
      for (position, component) in components.enumerated() {
        var index = element(address, position)
        if mode == .clip { index = min(max(index, 0), component.last) }
        guard index >= 0, index <= component.last else {
          body(nil, slicesOffset)
          return
        }
        offset += index * component.stride
      }
      body(offset, slicesOffset)
    }
  }

  private func element(_ address: UnsafeRawPointer, _ position: Int) -> Int {
    let stride = indices.strides[batchSizes.count]
    return indices.elementType == .i32
      ? Int((address + position * stride * 4).load(as: Int32.self))
      : Int((address + position * stride * 8).load(as: Int64.self))
  }

  private func forEachVector(
    _ range: Range<Int>, _ body: (UnsafeRawPointer, _ array: Int, _ slices: Int) -> Void
  ) {
    guard !range.isEmpty else { return }
    let size = indices.elementType.byteCount
    var position = [Int](repeating: 0, count: batchSizes.count)
    var rest = range.lowerBound
    var (index, array, slices) = (0, 0, 0)
    for axis in batchSizes.indices.reversed() {
      position[axis] = rest % batchSizes[axis]
      rest /= batchSizes[axis]
      index += position[axis] * indices.strides[axis]
      array += position[axis] * arrayBatchStrides[axis]
      slices += position[axis] * slicesBatchStrides[axis]
    }
    for _ in range {
      body(UnsafeRawPointer(indices.data + index * size), array, slices)
      for axis in batchSizes.indices.reversed() {
        position[axis] += 1
        index += indices.strides[axis]
        array += arrayBatchStrides[axis]
        slices += slicesBatchStrides[axis]
        if position[axis] < batchSizes[axis] { break }
        index -= batchSizes[axis] * indices.strides[axis]
        array -= batchSizes[axis] * arrayBatchStrides[axis]
        slices -= batchSizes[axis] * slicesBatchStrides[axis]
        position[axis] = 0
      }
    }
  }
}
