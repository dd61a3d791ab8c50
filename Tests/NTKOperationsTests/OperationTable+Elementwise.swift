import NTKOperations
import NTKProgram

private let shapes: [[Int]] = [[], [0], [3], [2, 1, 3]]
private let integers: [ElementType] = [.i32, .i64, .u8, .u32, .u64]

/// The operation of a name, for those whose initialisers are internal.
func operation(_ name: String, _ parameters: [String: ParameterValue]) -> any Primitive {
  try! standardCatalog.primitive(named: name)!.init(parameters: parameters)
}

private func rows(
  _ primitive: any Primitive, _ domains: [OperationCase.Domain],
  step: OperationCase.Step = .small, others: [ElementType] = [.f32]
) -> [OperationCase] {
  let types = shapes.map { try! ValueType(.f64, $0) } + others.map { type($0, 5) }
  return types.map { type in
    OperationCase(
      primitive, [ValueType](repeating: type, count: domains.count), domains, step: step)
  }
}

let elementwiseTable: [OperationCase] = {
  var table: [OperationCase] = []
  for primitive in [
    Exp2(), Expm1(), Tan(), Sinh(), Cosh(), Asinh(), Atan(), Erf(), Erfc(),
  ] as [any Primitive] {
    table += rows(primitive, [primitive is Tan ? .unit : .any])
  }
  for primitive in [Asin(), Acos(), Atanh(), ErfInv(), Log1p()] as [any Primitive] {
    table += rows(primitive, [.unit])
  }
  table += rows(Acosh(), [.aboveOne])
  table += rows(Cbrt(), [.nonzero])
  table += rows(Rsqrt(), [.positive])
  table += rows(Abs(), [.nonzero], others: [.f32, .i32, .i64, .u8, .u32, .u64])
  table += rows(Sign(), [.nonzero], step: .zero, others: [.f32, .i32, .i64, .u8, .u32, .u64])
  for primitive in [
    Floor(), Ceil(), Round(), Round(.toNearestEven), IsFinite(),
  ] as [any Primitive] {
    table += rows(primitive, [.any], step: .zero)
  }
  table += rows(Min(), [.distinct, .distinct], others: [.f32, .bool] + integers)
  table += rows(Rem(), [.any, .nonzero], others: [.f32] + integers)
  table += rows(Atan2(), [.nonzero, .nonzero])
  table += rows(Nextafter(), [.any, .any], step: .zero)
  table += rows(Pow(), [.positive, .any])
  table += rows(Pow(), [.indices(-3...3), .indices(0...4)], others: integers)
    .filter { !$0.types[0].isFloating }
  // JAX's derivatives are those of bounds in order.
  table += rows(Clamp(), [.unit, .positive, .aboveOne], others: [.f32, .bool] + integers)
  for element in [ElementType.i32, .i64, .u8, .u32, .u64] {
    for sizes in shapes {
      let base = try! ValueType(.f64, sizes)
      table.append(
        OperationCase(Pow(), [base, base.with(element)], [.nonzero, .indices(0...4)]))
    }
    let shifts = [OperationCase.Domain.any, .indices(0...70)]
    for primitive in [
      ShiftLeft(), ShiftRightLogical(), ShiftRightArithmetic(),
    ] as [any Primitive] {
      let type = type(element, 2, 9)
      table.append(OperationCase(primitive, [type, type], shifts))
    }
  }
  table.append(OperationCase(Pow(), [type(.f32, 4), type(.i32, 4)], [.nonzero, .indices(-3...3)]))
  for element in [ElementType.bool] + integers {
    table += rows(Xor(), [.any, .any], others: [element]).filter { !$0.types[0].isFloating }
  }
  for (from, to) in [
    (ElementType.f32, ElementType.u32), (.f64, .i64), (.i32, .f32), (.u64, .f64), (.f64, .f64),
  ] {
    table.append(OperationCase(BitcastConvertType(to), [type(from, 2, 3)], step: .zero))
  }
  for sizes in shapes {
    let type = try! ValueType(.u32, sizes)
    table.append(OperationCase(Threefry2x32(), [type, type, type, type]))
  }
  return table
}()
