import NTKOperations
import NTKProgram

private let nchw = ConvDimensionNumbers(lhs: [0, 1, 2, 3], rhs: [0, 1, 2, 3], out: [0, 1, 2, 3])
private let nhwc = ConvDimensionNumbers(lhs: [0, 3, 1, 2], rhs: [3, 2, 0, 1], out: [0, 3, 1, 2])
/// Axes in no usual order, another one for each array.
private let mixed = ConvDimensionNumbers(lhs: [2, 0, 3, 1], rhs: [1, 3, 2, 0], out: [3, 1, 0, 2])

private func nchw(_ rank: Int) -> ConvDimensionNumbers {
  let axes = Array(0..<rank)
  return ConvDimensionNumbers(lhs: axes, rhs: axes, out: axes)
}

/// An array with axes in the order of a specification: batch, features, spatial.
private func placed(_ sizes: [Int], _ spec: [Int], _ element: ElementType = .f64) -> ValueType {
  var placed = [Int](repeating: 0, count: sizes.count)
  for (size, axis) in zip(sizes, spec) { placed[axis] = size }
  return try! ValueType(element, placed)
}

private func convolution(
  _ lhs: [Int], _ rhs: [Int], strides: [Int]? = nil, padding: [[Int]]? = nil,
  lhsDilation: [Int]? = nil, rhsDilation: [Int]? = nil, _ numbers: ConvDimensionNumbers? = nil,
  features: Int = 1, batch: Int = 1, element: ElementType = .f64
) -> OperationCase {
  let numbers = numbers ?? nchw(lhs.count)
  let spatial = lhs.count - 2
  return OperationCase(
    ConvGeneralDilated(
      windowStrides: strides ?? [Int](repeating: 1, count: spatial),
      padding: padding ?? [[Int]](repeating: [0, 0], count: spatial), lhsDilation: lhsDilation,
      rhsDilation: rhsDilation, dimensionNumbers: numbers, featureGroupCount: features,
      batchGroupCount: batch),
    [placed(lhs, numbers.lhs, element), placed(rhs, numbers.rhs, element)], step: .one)
}

private let convolutionTable: [OperationCase] = {
  var table: [OperationCase] = [
    // No spatial axes; one; three.
    convolution([2, 3], [4, 3]),
    convolution([4, 2], [2, 2], batch: 2),
    convolution([2, 4], [4, 2], features: 2),
    convolution([1, 2, 5], [3, 2, 2]),
    convolution([2, 1, 6], [1, 1, 3], strides: [2], padding: [[1, 1]]),
    convolution([1, 2, 2, 3, 2], [2, 2, 2, 2, 1], padding: [[1, 0], [0, 1], [0, 0]]),
    // Sizes 0 and 1.
    convolution([0, 2, 3], [1, 2, 2]), convolution([2, 0, 3], [2, 0, 2]),
    convolution([2, 2, 0], [1, 2, 1]), convolution([2, 2, 0], [1, 2, 2], padding: [[1, 2]]),
    convolution([2, 2, 3], [0, 2, 2]), convolution([1, 2, 2], [1, 2, 4]),
    convolution([1, 1, 1], [1, 1, 1]), convolution([2, 1, 3], [1, 1, 0]),
    // Sums of f32 have other bits where they are cut otherwise.
    convolution([1, 1, 1], [1, 1, 1], element: .f32),
    convolution([0, 2], [1, 2]),
    // Paddings, of which the windows see nothing but.
    convolution([1, 1, 4], [1, 1, 2], padding: [[-1, -2]]),
    convolution([1, 1, 4], [1, 1, 2], padding: [[-4, 3]]),
    convolution([1, 1, 2], [1, 1, 2], padding: [[5, -1]]),
    convolution([1, 1, 3], [2, 1, 2], strides: [3], padding: [[3, 3]]),
    // Dilations.
    convolution([1, 1, 3], [1, 1, 2], padding: [[1, 2]], lhsDilation: [3], rhsDilation: [2]),
    convolution([1, 1, 4], [1, 1, 3], padding: [[2, 1]], lhsDilation: [2]),
    convolution([1, 1, 4], [1, 1, 3], strides: [2], padding: [[0, 3]], lhsDilation: [4]),
    convolution(
      [1, 1, 3], [1, 1, 2], strides: [2], padding: [[1, 2]], lhsDilation: [4], rhsDilation: [2]),
    convolution(
      [1, 1, 4], [1, 1, 3], strides: [3], padding: [[-1, 4]], lhsDilation: [2], rhsDilation: [4]),
    convolution(
      [1, 1, 1], [1, 1, 1], strides: [Int.max], lhsDilation: [Int.max], rhsDilation: [Int.max]),
    convolution([1, 2, 6], [2, 2, 3], padding: [[2, 2]], rhsDilation: [2]),
    // The first and the last column of a layer of its own.
    convolution([2, 3, 4, 1], [2, 3, 4, 1], nhwc),
    convolution([2, 5, 2, 2], [3, 5, 1, 1], nhwc), convolution([2, 5, 2, 2], [3, 5, 1, 1], nchw),
    convolution([1, 1, 5, 4], [1, 1, 3, 2], strides: [2, 1], padding: [[1, 1], [0, 1]]),
  ]
  for numbers in [nchw, nhwc, mixed] {
    table += [
      convolution(
        [2, 2, 3, 4], [3, 2, 2, 3], strides: [1, 2], padding: [[1, 0], [1, 1]], numbers),
      convolution(
        [1, 2, 3, 3], [2, 2, 2, 1], strides: [1, 2], padding: [[1, 1], [0, 2]],
        lhsDilation: [2, 1], rhsDilation: [1, 3], numbers),
      convolution(
        [2, 4, 2, 3], [6, 2, 2, 2], padding: [[1, 0], [0, 0]], numbers, features: 2),
      convolution([1, 6, 2, 4], [6, 1, 1, 3], padding: [[0, 0], [1, 1]], numbers, features: 6),
      convolution([1, 3, 2, 4], [6, 1, 1, 2], strides: [1, 2], numbers, features: 3),
      convolution(
        [4, 2, 2, 3], [4, 2, 1, 2], padding: [[0, 0], [1, 0]], numbers, batch: 2),
      convolution([3, 2, 3, 1], [3, 2, 2, 1], numbers, batch: 3),
      convolution(
        [1, 4, 2, 2], [4, 1, 2, 1], padding: [[1, 1], [0, 0]], lhsDilation: [2, 1], numbers,
        features: 4),
    ]
  }
  for element in [ElementType.i32, .i64, .u8, .u32, .u64] {
    table.append(
      convolution([2, 2, 4], [2, 1, 2], padding: [[1, 0]], features: 2, element: element))
  }
  return table
}()

private let windowTable: [OperationCase] = {
  var table: [OperationCase] = []
  func rows(_ windows: WindowParameters, _ sizes: [Int]) {
    let type = try! ValueType(.f64, sizes)
    let result = try! ReduceWindowSum(windows).resultTypes([type])[0]
    table.append(OperationCase(ReduceWindowSum(windows), [type], step: .one))
    table.append(OperationCase(ReduceWindowMax(windows), [type], [.distinct]))
    table.append(OperationCase(ReduceWindowMin(windows), [type], [.distinct]))
    for choice in [WindowChoice.ge, .le] {
      table.append(
        OperationCase(
          SelectAndGatherAdd(windows, choice), [type, type], [.any, .distinct]))
      table.append(
        OperationCase(
          SelectAndScatterAdd(windows, choice), [result, type], [.any, .distinct]))
    }
  }
  rows(WindowParameters([]), [])
  rows(WindowParameters([1]), [4])
  rows(WindowParameters([2]), [0])
  rows(WindowParameters([2], padding: [[1, 2]]), [0])
  rows(WindowParameters([3]), [1])
  rows(WindowParameters([3], padding: [[3, 1]]), [1])
  rows(WindowParameters([3], strides: [2], padding: [[1, 1]]), [6])
  rows(WindowParameters([2], strides: [3], padding: [[-1, 2]]), [7])
  rows(WindowParameters([3], padding: [[2, 3]], baseDilation: [2], windowDilation: [2]), [4])
  rows(WindowParameters([2], strides: [3], padding: [[1, 4]], baseDilation: [2]), [5])
  rows(WindowParameters([1], strides: [Int.max], baseDilation: [Int.max]), [1])
  rows(WindowParameters([2], strides: [1 << 58], baseDilation: [1 << 58]), [3])
  rows(WindowParameters([1, 2, 2, 1], strides: [1, 2, 2, 1]), [2, 4, 3, 2])
  rows(
    WindowParameters([1, 1, 2, 2], padding: [[0, 0], [0, 0], [1, 0], [0, 1]]), [1, 2, 3, 3])
  rows(WindowParameters([2, 3], strides: [1, 2], padding: [[1, 1], [0, 1]]), [3, 5])
  rows(WindowParameters([2, 1, 2], strides: [2, 1, 1], baseDilation: [1, 1, 2]), [3, 0, 2])
  rows(WindowParameters([2, 2], padding: [[0, 2], [1, 0]], baseDilation: [3, 1]), [2, 20])
  for element in [ElementType.f32, .i32, .i64, .u8, .u32, .u64] {
    let windows = WindowParameters([2, 2], strides: [1, 2], padding: [[1, 0], [0, 1]])
    table.append(OperationCase(ReduceWindowSum(windows), [type(element, 3, 4)]))
    table.append(OperationCase(ReduceWindowMax(windows), [type(element, 3, 4)], [.distinct]))
    table.append(OperationCase(ReduceWindowMin(windows), [type(element, 3, 4)], [.distinct]))
  }
  table.append(OperationCase(ReduceWindowMax(WindowParameters([2])), [type(.bool, 4)]))
  table.append(OperationCase(ReduceWindowMin(WindowParameters([2])), [type(.bool, 4)]))
  return table
}()

let windowsTable = convolutionTable + windowTable
