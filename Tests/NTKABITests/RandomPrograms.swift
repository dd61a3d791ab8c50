import NTKHeader

/// Builds programs of operations, operands and parameters drawn at random, most of which do not
/// fit: the library refuses those.
struct RandomPrograms {
  var random: RandomNumbers
  /// How many applications were accepted, and how many were refused with each status.
  private(set) var accepted = 0
  private(set) var refused: [UInt32: Int] = [:]

  init(seed: UInt64) { random = RandomNumbers(seed: seed) }

  /// Names, counts of operands, parameters: some that fit some operands, some that fit none.
  private static let operations: [(name: String, operands: Int, parameters: [String])] = [
    ("add", 2, [""]), ("sub", 2, [""]), ("mul", 2, [""]), ("div", 2, [""]), ("max", 2, [""]),
    ("neg", 1, [""]), ("exp", 1, [""]), ("log", 1, [""]), ("tanh", 1, [""]),
    ("logistic", 1, [""]), ("sqrt", 1, [""]), ("stop_gradient", 1, [""]),
    ("integer_pow", 1, ["y=3", "y=-1", "y=1000000", "y=none"]),
    ("eq", 2, [""]), ("lt", 2, [""]), ("and", 2, [""]), ("not", 1, [""]), ("select_n", 3, [""]),
    ("convert_element_type", 1, ["new_dtype=f64", "new_dtype=i32", "new_dtype=bool"]),
    (
      "full", 0,
      [
        "shape=[2, 3], value=0, dtype=f64", "shape=[3], value=nan, dtype=f32",
        "shape=[9223372036854775807, 9223372036854775807], value=1, dtype=f32",
      ]
    ),
    ("iota", 0, ["shape=[2, 3], dtype=i64, dimension=1", "shape=[3], dtype=f64, dimension=0"]),
    (
      "broadcast_in_dim", 1,
      [
        "shape=[2, 2, 3], broadcast_dimensions=[1, 2]", "shape=[2, 3], broadcast_dimensions=[1]",
        "shape=[2, 3], broadcast_dimensions=[]", "shape=[2, 3, 4]",
      ]
    ),
    ("reshape", 1, ["new_sizes=[6]", "new_sizes=[3, 2]", "new_sizes=[-1]", "new_sizes=[3]"]),
    ("transpose", 1, ["permutation=[1, 0]", "permutation=[0, 0]"]),
    (
      "slice", 1,
      [
        "start_indices=[0, 1], limit_indices=[2, 3]", "start_indices=[1], limit_indices=[0]",
        "start_indices=[0, 0], limit_indices=[2, 3], strides=[1, 9223372036854775807]",
      ]
    ),
    ("rev", 1, ["dimensions=[0]", "dimensions=[1]"]),
    (
      "pad", 2,
      [
        "padding_config=[[1, 1, 0], [0, 0, 2]]", "padding_config=[[-5, 0, 0], [0, 0, 0]]",
        "padding_config=[[9223372036854775807, 9223372036854775807, 0], [0, 0, 0]]",
        "padding_config=[[0, 0, 9223372036854775807], [0, 0, 0]]",
      ]
    ),
    ("concatenate", 3, ["dimension=0", "dimension=9"]),
    (
      "gather", 2,
      [
        "offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0], slice_sizes=[1, 3]",
        "offset_dims=[1], collapsed_slice_dims=[0], start_index_map=[0], slice_sizes=[1, -3]",
      ]
    ),
    (
      "scatter_add", 3,
      ["update_window_dims=[1], inserted_window_dims=[0], scatter_dims_to_operand_dims=[0]"]
    ),
    ("reduce_sum", 1, ["axes=[0]", "axes=[0, 1]", "axes=[-1]", "axes=[1]"]),
    ("reduce_max", 1, ["axes=[0]", "axes=[0, 1]"]),
    (
      "dot_general", 2,
      [
        "dimension_numbers=[[[1], [1]], [[], []]]", "dimension_numbers=[[[1], [1]], [[0], [0]]]",
        "dimension_numbers=[[[9], [-1]], [[], []]]", "dimension_numbers=[[[], []], [[], []]]",
      ]
    ),
    (
      "scan", 2,
      [
        "jaxpr=$0, length=2, num_consts=0, num_carry=1", "jaxpr=$0, length=-1, num_consts=0",
        "jaxpr=$0, length=2, num_consts=9223372036854775807, num_carry=1",
      ]
    ),
    ("constant", 0, ["dtype=f32, shape=[2]", "dtype=f64, shape=[3], data=[1, nan, -inf]"]),
    ("np.add", 2, [""]), ("np.where", 3, [""]), ("np.matmul", 2, [""]),
    ("np.sum", 1, ["", "axis=0, keepdims=true", "axis=-9"]), ("np.mean", 1, ["", "axis=0"]),
    ("np.var", 1, ["", "axis=0"]),
    ("np.einsum", 2, ["subscripts=\"ij,kj->ik\"", "subscripts=\"ii->i\""]),
    ("np.tensordot", 2, ["axes=[[1], [1]]", "axes=[[1], [0]]"]),
    ("np.broadcast_to", 1, ["shape=[2, 2, 3]"]), ("nn.softmax", 1, [""]),
    ("nn.logsumexp", 1, ["axis=0"]), ("nothing", 1, [""]),
  ]

  private mutating func pick<Element>(_ list: [Element]) -> Element {
    list[random.below(list.count)]
  }

  /// A program of some twenty operations; its outputs are some of its values.
  mutating func make(body: TestProgram) -> TestProgram? {
    var builder: OpaquePointer?
    guard ntk_builder_create(&builder) == NTK_OK else { return nil }
    defer { ntk_builder_free(builder) }
    var values: [Int32] = []
    var inputs: [Int32] = []
    for (type, sizes) in [
      (NTK_F64, [2, 3]), (NTK_F64, [3]), (NTK_F32, [2, 3]), (NTK_I32, [2, 1]), (NTK_BOOL, [2, 3]),
      (NTK_F64, []), (NTK_F64, [0, 3]),
    ] {
      var value: Int32 = 0
      let sizes = sizes.map { Int64($0) }
      _ = ntk_builder_input(builder, Int32(type), sizes.count, sizes, nil, &value)
      inputs.append(value)
    }
    values = inputs
    for _ in 0..<60 { values += apply(in: builder, to: values, body: body) }
    let outputs = (0..<3).map { _ in pick(values) }
    let captured = random.below(3)
    var out: OpaquePointer?
    _ = ntk_builder_finish(
      builder, inputs, inputs.count - captured, Array(inputs.suffix(captured)), captured, outputs,
      outputs.count, &out)
    return TestProgram(out)
  }

  private mutating func apply(
    in builder: OpaquePointer?, to values: [Int32], body: TestProgram
  ) -> [Int32] {
    let operation = pick(Self.operations)
    // Often the same operand again, so that shapes agree.
    let first = pick(values)
    let count = random.below(16) == 0 ? random.below(5) : operation.operands
    var operands = (0..<count).map { _ in random.below(2) == 0 ? first : pick(values) }
    if random.below(50) == 0 { operands.append(Int32(truncatingIfNeeded: random.next())) }
    let parameters = pick((random.below(16) == 0 ? pick(Self.operations) : operation).parameters)
    let bodies: [OpaquePointer?] = parameters.contains("$0") ? [body.pointer] : []
    var results = [Int32](repeating: 0, count: 4)
    var resultCount = 0
    let status = ntk_builder_apply(
      builder, operation.name, operands, operands.count, parameters, parameters.utf8.count,
      bodies, bodies.count, &results, results.count, &resultCount)
    if status == NTK_OK {
      accepted += 1
      return Array(results.prefix(resultCount))
    }
    refused[status.rawValue, default: 0] += 1
    return []
  }
}
