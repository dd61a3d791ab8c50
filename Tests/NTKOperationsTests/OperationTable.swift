import NTKOperations
import NTKProgram

// Every operation, on shapes of which some have sizes 0 and 1 and rank 0. Rows are written for f64;
// those at the end of each list are other element types.

func type(_ elementType: ElementType, _ sizes: Int...) -> ValueType {
  try! ValueType(elementType, sizes)
}

func shape(_ sizes: Int...) -> Shape { try! Shape(sizes) }

private let shapes: [[Int]] = [[], [0], [1], [3], [2, 3], [2, 0, 3], [1, 4]]
private let f64Types = shapes.map { try! ValueType(.f64, $0) }
private let otherTypes: [ElementType] = [.f32, .i32, .i64, .u8, .u32, .u64]

private func rows(
  _ primitive: any Primitive, count: Int = 1, _ domains: [OperationCase.Domain]? = nil,
  step: OperationCase.Step = .small, others: [ElementType] = []
) -> [OperationCase] {
  let types = f64Types + others.map { type($0, 5) }
  return types.map { type in
    OperationCase(
      primitive, [ValueType](repeating: type, count: count), domains, step: step)
  }
}

private let comparisons: [any Primitive] = [Eq(), Ne(), Lt(), Le(), Gt(), Ge()]
private let allTypes: [ElementType] = [.f32, .f64, .i32, .i64, .u8, .u32, .u64, .bool]
private let bitTypes: [ElementType] = [.bool, .i32, .i64, .u8, .u32, .u64]

let operationTable: [OperationCase] = [
  arithmeticTable, logicTable, selectTable, structuralTable, viewTable, reductionTable,
  productTable, indexTable, scanTable, elementwiseTable, cumulativeTable, dynamicTable,
  controlFlowTable, windowsTable, sortTable, specialTable, customTable, factorizationTable,
  fourierTable,
].flatMap { $0 }

private let arithmeticTable: [OperationCase] = {
  var table: [OperationCase] = []
  for operation in [Add(), Sub(), Mul()] as [any Primitive] {
    table += rows(operation, count: 2, step: .one, others: otherTypes)
  }
  table += rows(Div(), count: 2, [.any, .nonzero], others: otherTypes)
  table += rows(Neg(), step: .one, others: otherTypes)
  for operation in [Exp(), Tanh(), Logistic(), Sin(), Cos()] as [any Primitive] {
    table += rows(operation, others: [.f32])
  }
  for operation in [Log(), Sqrt()] as [any Primitive] {
    table += rows(operation, [.positive], others: [.f32])
  }
  for exponent in [-3, -1, 0, 1, 2, 5] {
    table += rows(IntegerPow(exponent), [.nonzero], others: otherTypes)
  }
  table += rows(Max(), count: 2, [.distinct, .distinct], others: otherTypes + [.bool])
  table += rows(StopGradient(), step: .zero, others: otherTypes + [.bool])
  return table
}()

private let logicTable: [OperationCase] = {
  var table: [OperationCase] = []
  for operation in comparisons {
    table += rows(operation, count: 2, others: otherTypes + [.bool])
  }
  for element in bitTypes {
    for sizes in [[], [0], [2, 3]] {
      let type = try! ValueType(element, sizes)
      table.append(OperationCase(And(), [type, type]))
      table.append(OperationCase(Or(), [type, type]))
      table.append(OperationCase(Not(), [type]))
    }
  }
  return table
}()

private let selectTable: [OperationCase] = {
  var table: [OperationCase] = []
  for value in f64Types {
    table.append(OperationCase(SelectN(), [value.with(.bool), value, value], step: .one))
    table.append(
      OperationCase(
        SelectN(), [value.with(.i32), value, value, value],
        [.indices(0...2), .any, .any, .any], step: .one))
    table.append(OperationCase(SelectN(), [value.with(.i32), value], [.indices(0...0), .any]))
  }
  for element in [ElementType.f32, .u8, .i32, .bool] {
    table.append(OperationCase(SelectN(), [type(.bool, 4), type(element, 4), type(element, 4)]))
  }
  // Out of range: the nearest case.
  table.append(
    OperationCase(
      SelectN(), [type(.i32, 9), type(.f64, 9), type(.f64, 9), type(.f64, 9)],
      [.indices(-2...4), .any, .any, .any], step: .one))
  for element in allTypes {
    for target in allTypes {
      // A negative float has no unsigned counterpart to compare with.
      table.append(
        OperationCase(ConvertElementType(target), [type(element, 2, 3)], [.positive], step: .one))
    }
  }
  return table
}()

private let structuralTable: [OperationCase] = [
  OperationCase(Full(Literal(1.5, .f64), shape(2, 3)), []),
  OperationCase(Full(Literal(7, .i32), shape()), []),
  OperationCase(Full(Literal(1, .bool), shape(0, 2)), []),
  OperationCase(Constant(try! DenseArray(type(.u8, 3), bytes: [1, 2, 3])), []),
  OperationCase(Iota(.i64, [2, 3], dimension: 1), []),
  OperationCase(Iota(.f64, [3, 2, 2], dimension: 0), []),
  OperationCase(Iota(.u8, [0, 2], dimension: 1), []),
  OperationCase(BroadcastInDim(shape: [2, 3, 4], axes: [0, 2]), [type(.f64, 2, 4)], step: .one),
  OperationCase(BroadcastInDim(shape: [2, 3], axes: [0, 1]), [type(.f64, 2, 1)], step: .one),
  OperationCase(BroadcastInDim(shape: [3, 1], axes: [1]), [type(.f64, 1)], step: .one),
  OperationCase(BroadcastInDim(shape: [3, 2], axes: []), [type(.f64)], step: .one),
  OperationCase(BroadcastInDim(shape: [0, 2], axes: [0, 1]), [type(.f64, 1, 2)], step: .one),
  OperationCase(BroadcastInDim(shape: [2, 0], axes: [1]), [type(.f64, 0)], step: .one),
  OperationCase(BroadcastInDim(shape: [2, 2], axes: [1]), [type(.bool, 2)]),
  OperationCase(Reshape([6]), [type(.f64, 2, 3)], step: .one),
  OperationCase(Reshape([2, 2, 3]), [type(.f64, 4, 3)], step: .one),
  OperationCase(Reshape([3, 4]), [type(.f64, 2, 6)], step: .one),
  OperationCase(Reshape([2, 1, 3, 1]), [type(.f64, 2, 3)], step: .one),
  OperationCase(Reshape([2, 3]), [type(.f64, 1, 2, 1, 3)], step: .one),
  OperationCase(Reshape([]), [type(.f64, 1, 1)], step: .one),
  OperationCase(Reshape([0, 5]), [type(.f64, 3, 0)], step: .one),
  OperationCase(Reshape([2, 0, 2]), [type(.f64, 2, 0, 7)], step: .one),
  OperationCase(Reshape([4]), [type(.i32, 2, 2)]),
  OperationCase(Transpose([]), [type(.f64)], step: .one),
  OperationCase(Transpose([1, 0]), [type(.f64, 2, 3)], step: .one),
  OperationCase(Transpose([2, 0, 1]), [type(.f64, 2, 1, 3)], step: .one),
  OperationCase(Transpose([1, 2, 0]), [type(.f64, 2, 0, 3)], step: .one),
  OperationCase(Transpose([1, 0]), [type(.u8, 2, 3)]),
]

private let viewTable: [OperationCase] = [
  OperationCase(Slice([], []), [type(.f64)], step: .one),
  OperationCase(Slice([1, 0], [3, 2]), [type(.f64, 4, 2)], step: .one),
  OperationCase(Slice([0, 1], [4, 6], strides: [3, 2]), [type(.f64, 4, 7)], step: .one),
  OperationCase(Slice([0, 0], [4, 2], strides: [1, 1]), [type(.f64, 4, 2)], step: .one),
  OperationCase(Slice([2], [2]), [type(.f64, 3)], step: .one),
  OperationCase(Slice([0, 0], [0, 3]), [type(.f64, 0, 3)], step: .one),
  OperationCase(Slice([1], [2], strides: [Int.max]), [type(.f64, 3)], step: .one),
  OperationCase(Slice([1, 0], [3, 2]), [type(.bool, 4, 2)]),
  OperationCase(Rev([]), [type(.f64)], step: .one),
  OperationCase(Rev([1]), [type(.f64, 2, 3)], step: .one),
  OperationCase(Rev([2, 0]), [type(.f64, 2, 3, 1)], step: .one),
  OperationCase(Rev([0]), [type(.f64, 0, 2)], step: .one),
  OperationCase(Rev([0]), [type(.i32, 3)]),
  OperationCase(Pad([]), [type(.f64), type(.f64)], step: .one),
  OperationCase(
    Pad([.init(1, 2), .init(0, 0)]), [type(.f64, 2, 3), type(.f64)], step: .one),
  OperationCase(
    Pad([.init(-1, 2, 1), .init(0, -2, 2)]), [type(.f64, 4, 3), type(.f64)], step: .one),
  OperationCase(Pad([.init(-3, -3, 1)]), [type(.f64, 4), type(.f64)], step: .one),
  OperationCase(Pad([.init(-3, 2)]), [type(.f64, 1), type(.f64)], step: .one),
  OperationCase(Pad([.init(-3, 5)]), [type(.f64, 2), type(.f64)], step: .one),
  OperationCase(Pad([.init(5, -4)]), [type(.f64, 2), type(.f64)], step: .one),
  OperationCase(Pad([.init(1, 1, 3)]), [type(.f64, 0), type(.f64)], step: .one),
  OperationCase(Pad([.init(1, 1, Int.max)]), [type(.f64, 1), type(.f64)], step: .one),
  OperationCase(Pad([.init(1, 0, 1)]), [type(.bool, 3), type(.bool)]),
  OperationCase(Concatenate(0), [type(.f64, 2)], step: .one),
  OperationCase(Concatenate(1), [type(.f64, 2, 3), type(.f64, 2, 1)], step: .one),
  OperationCase(
    Concatenate(0), [type(.f64, 0, 2), type(.f64, 1, 2), type(.f64, 3, 2)], step: .one),
  OperationCase(Concatenate(1), [type(.f64, 0, 2), type(.f64, 0, 1)], step: .one),
  OperationCase(Concatenate(0), [type(.i32, 2), type(.i32, 1)]),
]

private let reductionTable: [OperationCase] = {
  var table: [OperationCase] = [
    OperationCase(ReduceSum([]), [type(.f64)], step: .one),
    OperationCase(ReduceMax([]), [type(.f64)]),
    OperationCase(ReduceMax([0]), [type(.bool, 3, 2)]),
  ]
  for axes in [[], [0], [1], [0, 2], [2, 1, 0]] {
    for sizes in [[2, 3, 4], [1, 1, 2], [2, 0, 3]] {
      let type = try! ValueType(.f64, sizes)
      table.append(OperationCase(ReduceSum(axes), [type], step: .one))
      table.append(OperationCase(ReduceMax(axes), [type], [.distinct]))
    }
  }
  for element in otherTypes {
    table.append(OperationCase(ReduceSum([0]), [type(element, 3, 2)]))
    table.append(OperationCase(ReduceMax([1]), [type(element, 3, 2)]))
  }
  return table
}()

private let productTable: [OperationCase] = [
  product(([], []), ([], []), type(.f64), type(.f64)),
  product(([1], [0]), ([], []), type(.f64, 2, 3), type(.f64, 3, 4)),
  product(([0], [1]), ([], []), type(.f64, 3, 2), type(.f64, 4, 3)),
  product(([], []), ([], []), type(.f64, 2), type(.f64, 1, 3)),
  product(([2], [1]), ([0], [0]), type(.f64, 2, 3, 4), type(.f64, 2, 4, 5)),
  product(([2, 0], [0, 1]), ([], []), type(.f64, 2, 3, 4), type(.f64, 4, 2, 2)),
  product(([1], [2]), ([2, 0], [0, 3]), type(.f64, 3, 4, 2), type(.f64, 2, 2, 4, 3)),
  product(([1], [0]), ([], []), type(.f64, 2, 0), type(.f64, 0, 3)),
  product(([1], [0]), ([], []), type(.f64, 0, 2), type(.f64, 2, 3)),
  product(([0], [0]), ([], []), type(.f64, 1), type(.f64, 1)),
  product(([1], [0]), ([], []), type(.f32, 2, 3), type(.f32, 3, 4)),
  product(([1], [0]), ([], []), type(.i32, 2, 3), type(.i32, 3, 4)),
  product(([1], [0]), ([], []), type(.u64, 2, 3), type(.u64, 3, 4)),
]

private func product(
  _ contracting: (left: [Int], right: [Int]), _ batch: (left: [Int], right: [Int]),
  _ left: ValueType, _ right: ValueType
) -> OperationCase {
  OperationCase(DotGeneral(contracting: contracting, batch: batch), [left, right], step: .one)
}
