import NTKOperations
import NTKProgram

private let axes = [[], [0], [1], [0, 2], [2, 1, 0]]
private let numbers: [ElementType] = [.f32, .i32, .i64, .u8, .u32, .u64]

private let extremes: [OperationCase] = {
  var table: [OperationCase] = [
    OperationCase(ReduceMin([0]), [type(.bool, 3, 2)]), OperationCase(ReduceMin([]), [type(.f64)]),
    OperationCase(ReduceProd([]), [type(.f64)]), OperationCase(ReduceProd([0]), [type(.f64, 1)]),
    OperationCase(ReduceProd([0]), [type(.f64, 7)], [.nonzero]),
  ]
  for axes in axes {
    for sizes in [[2, 3, 4], [1, 1, 2], [2, 0, 3]] {
      let type = try! ValueType(.f64, sizes)
      table.append(OperationCase(ReduceMin(axes), [type], [.distinct]))
      if sizes != [2, 3, 4] || axes.count < 3 {
        table.append(OperationCase(ReduceProd(axes), [type]))
      }
      for element in [ElementType.bool, .i32, .u8, .u64] {
        table.append(OperationCase(ReduceAnd(axes), [type.with(element)]))
        table.append(OperationCase(ReduceOr(axes), [type.with(element)]))
        table.append(OperationCase(ReduceXor(axes), [type.with(element)]))
      }
    }
  }
  for element in numbers {
    table.append(OperationCase(ReduceMin([1]), [type(element, 3, 2)]))
    table.append(OperationCase(ReduceProd([0]), [type(element, 3, 2)]))
  }
  return table
}()

private let positions: [OperationCase] = {
  var table: [OperationCase] = []
  for name in ["argmax", "argmin"] {
    func row(_ axis: Int, _ type: ValueType, _ index: ElementType = .i64) {
      table.append(
        OperationCase(
          operation(name, ["axes": .ints(axis), "index_dtype": .elementType(index)]), [type],
          step: .zero))
    }
    row(0, type(.f64, 1))
    row(0, type(.f64, 5), .i32)
    row(1, type(.f64, 2, 3, 2), .u8)
    row(2, type(.f64, 2, 0, 2))
    for element in numbers + [.bool] { row(0, type(element, 6, 2)) }
  }
  return table
}()

private let cumulative: [OperationCase] = {
  var table: [OperationCase] = []
  for name in ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"] {
    func row(
      _ axis: Int, _ reverse: Bool, _ type: ValueType, _ domain: OperationCase.Domain = .distinct
    ) {
      table.append(
        OperationCase(
          operation(name, ["axis": .int(axis), "reverse": .bool(reverse)]), [type], [domain],
          step: name == "cumsum" ? .one : .small))
    }
    for reverse in [false, true] {
      row(0, reverse, type(.f64, 0), .any)
      row(0, reverse, type(.f64, 1), .any)
      row(0, reverse, type(.f64, 5), name == "cumprod" ? .any : .distinct)
      row(1, reverse, type(.f64, 2, 4, 3), name == "cumprod" ? .any : .distinct)
      row(0, reverse, type(.f64, 2, 0), .any)
    }
    row(1, false, type(.f32, 2, 4), .any)
    if name != "cumlogsumexp" {
      for element in numbers.dropFirst() { row(0, true, type(element, 4, 2), .any) }
    }
    if ["cummax", "cummin"].contains(name) { row(0, false, type(.bool, 5), .any) }
  }
  return table
}()

let cumulativeTable = extremes + positions + cumulative
