import NTKOperations
import NTKProgram

private let numbers: [ElementType] = [.f32, .i32, .i64, .u8, .u32, .u64, .bool]

let sortTable: [OperationCase] = {
  var table: [OperationCase] = []
  for sizes in [[0], [1], [5], [300], [2, 0]] {
    let type = try! ValueType(.f64, sizes)
    table.append(OperationCase(Sort(sizes.count - 1), [type], [.distinct]))
  }
  let block = type(.f64, 2, 4, 3)
  for axis in 0..<3 {
    table.append(OperationCase(Sort(axis), [block], [.distinct]))
    // What is sorted along with the keys; ties.
    table.append(
      OperationCase(Sort(axis), [block.with(.u8), block, block], [.indices(0...1), .any, .any]))
    table.append(
      OperationCase(
        Sort(axis, keyCount: 2), [block.with(.i32), block, block.with(.f32)],
        [.indices(-1...1), .distinct, .any]))
    table.append(OperationCase(TopK(2, axis: axis), [block], [.distinct]))
  }
  for element in numbers {
    table.append(OperationCase(Sort(0), [type(element, 6, 2)], step: .small))
    table.append(OperationCase(TopK(3, axis: 0), [type(element, 6, 2)], [.distinct]))
  }
  for (count, sizes) in [(0, [0]), (0, [3]), (1, [1]), (5, [5]), (2, [2, 0]), (20, [300])] {
    let type = try! ValueType(.f64, sizes)
    table.append(OperationCase(TopK(count, axis: 0), [type], [.distinct]))
  }
  return table
}()

let specialTable: [OperationCase] = {
  var table: [OperationCase] = []
  let types = [type(.f64), type(.f64, 0), type(.f64, 3), type(.f64, 2, 1, 3), type(.f32, 5)]
  for type in types {
    // Without the poles, and the kink of the Bessel functions at 0.
    for name in ["lgamma", "digamma"] {
      table.append(OperationCase(operation(name, [:]), [type], [.positive]))
    }
    for name in ["bessel_i0e", "bessel_i1e"] {
      table.append(OperationCase(operation(name, [:]), [type], [.nonzero]))
    }
    table.append(
      OperationCase(
        operation("polygamma", [:]), [type, type], [.indices(0...3), .positive], active: [1]))
    table.append(
      OperationCase(
        operation("random_gamma_grad", [:]), [type, type], [.positive, .positive],
        active: []))
    // The derivative by the shape is not that of the value: a test in Python compares with JAX's.
    table.append(
      OperationCase(
        operation("random_gamma_sample", [:]), [type, type], [.positive, .positive], step: .one,
        active: [1]))
  }
  for element in [ElementType.i32, .i64, .u8, .u32, .u64] {
    for name in ["population_count", "clz"] {
      table.append(OperationCase(operation(name, [:]), [type(element, 2, 3)]))
    }
  }
  return table
}()
