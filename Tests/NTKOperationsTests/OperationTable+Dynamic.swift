import NTKOperations
import NTKProgram

private func starts(_ count: Int, _ element: ElementType = .i32) -> [ValueType] {
  [ValueType](repeating: type(element), count: count)
}

/// An array, then starts of which some are out of range.
private func domains(_ arrays: Int, _ count: Int) -> [OperationCase.Domain] {
  [OperationCase.Domain](repeating: .any, count: arrays)
    + [OperationCase.Domain](repeating: .indices(-2...4), count: count)
}

private func slice(
  _ array: ValueType, _ sizes: [Int], _ element: ElementType = .i32
) -> OperationCase {
  let unsigned: OperationCase.Domain = .indices(0...5)
  let isSigned = element == .i32 || element == .i64
  return OperationCase(
    DynamicSlice(sizes), [array] + starts(array.rank, element),
    isSigned ? domains(1, array.rank) : [.any] + (0..<array.rank).map { _ in unsigned },
    step: .one)
}

private func update(
  _ array: ValueType, _ sizes: [Int], _ element: ElementType = .i32
) -> OperationCase {
  OperationCase(
    DynamicUpdateSlice(),
    [array, try! ValueType(array.elementType, sizes)] + starts(array.rank, element),
    domains(2, array.rank), step: .one)
}

let dynamicTable: [OperationCase] = [
  slice(type(.f64), []), slice(type(.f64, 4), [2]), slice(type(.f64, 3), [3]),
  slice(type(.f64, 3, 2), [1, 2], .i64), slice(type(.f64, 3, 4), [2, 3]),
  slice(type(.f64, 3, 4), [0, 3]), slice(type(.f64, 0, 2), [0, 1]),
  slice(type(.f64, 2, 5, 3), [2, 1, 3]), slice(type(.f64, 5), [2], .u8),
  slice(type(.f64, 5), [2], .u64), slice(type(.bool, 5), [2]), slice(type(.i32, 5, 2), [2, 1]),
  update(type(.f64), []), update(type(.f64, 4), [2]), update(type(.f64, 3), [3]),
  update(type(.f64, 3, 2), [1, 2], .i64), update(type(.f64, 3, 4), [2, 3]),
  update(type(.f64, 3, 4), [0, 3]), update(type(.f64, 0, 2), [0, 1]),
  update(type(.bool, 5), [2]), update(type(.i32, 5, 2), [2, 1]),
  OperationCase(Squeeze([]), [type(.f64, 2)], step: .one),
  OperationCase(Squeeze([0]), [type(.f64, 1)], step: .one),
  OperationCase(Squeeze([0, 2]), [type(.f64, 1, 3, 1)], step: .one),
  OperationCase(Squeeze([1]), [type(.f64, 2, 1, 3)], step: .one),
  OperationCase(Squeeze([1]), [type(.f64, 0, 1)], step: .one),
  OperationCase(Squeeze([0]), [type(.u8, 1, 3)]),
]
