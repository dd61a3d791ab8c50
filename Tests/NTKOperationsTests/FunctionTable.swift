import NTKOperations
import NTKProgram

/// A call of a function by name.
struct FunctionCase: CustomStringConvertible {
  let name: String
  let types: [ValueType]
  var parameters: [String: ParameterValue] = [:]
  var domains: [OperationCase.Domain]?

  init(
    _ name: String, _ types: [ValueType], _ parameters: [String: ParameterValue] = [:],
    _ domains: [OperationCase.Domain]? = nil
  ) {
    self.name = name
    self.types = types
    self.parameters = parameters
    self.domains = domains
  }

  var description: String { "\(name)\(parameters) of \(types)" }

  func program() throws(NTKError) -> Program {
    try Program.build(types) { b, operands throws(NTKError) in
      try applyNamed(name, operands, parameters, in: &b)
    }
  }

  func subject() throws(NTKError) -> Subject {
    let row = OperationCase(Full(), types, domains)
    return Subject(description, try program()) { row.operands(seed: $0) }
  }
}

extension ParameterValue {
  static func ints(_ values: Int...) -> ParameterValue { .list(values.map(ParameterValue.int)) }
}

private let matrix = type(.f64, 3, 4)

/// Every function, on shapes that broadcast, axes that are missing, and nothing at all.
let functionTable: [FunctionCase] = [
  broadcastingTable, shapeTable, productFunctionTable, reductionFunctionTable,
  linearAlgebraFunctionTable,
].flatMap { $0 }

private let broadcastingTable: [FunctionCase] = {
  var table: [FunctionCase] = []
  let pairs = [
    (type(.f64), type(.f64)), (type(.f64, 3), type(.f64)), (type(.f64, 2, 3), type(.f64, 3)),
    (type(.f64, 2, 1), type(.f64, 1, 3)), (type(.f64, 1), type(.f64, 0)),
    (type(.f64, 4, 1, 2), type(.f64, 3, 1)),
  ]
  let names = [
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal",
  ]
  for name in names {
    for (x, y) in pairs {
      let domains: [OperationCase.Domain]? = name == "divide" ? [.any, .nonzero] : nil
      table.append(FunctionCase("np.\(name)", [x, y], [:], domains))
    }
    for element in [ElementType.i32, .u8, .bool] where name != "subtract" || element != .bool {
      table.append(
        FunctionCase(
          "np.\(name)", [type(element, 2, 1), type(element, 3)], [:], [.any, .indices(1...1)]))
    }
  }
  for name in ["np.logical_and", "np.logical_or"] {
    table.append(FunctionCase(name, [type(.bool, 2, 1), type(.bool, 3)]))
  }
  for name in ["np.abs", "np.sign", "np.square"] {
    for element in [ElementType.f64, .f32, .i32, .u8] {
      table.append(FunctionCase(name, [type(element, 2, 3)]))
    }
    table.append(FunctionCase(name, [type(.f64)]))
    table.append(FunctionCase(name, [type(.f64, 0)]))
  }
  return table
}()

private let shapeTable: [FunctionCase] = [
  FunctionCase("np.where", [type(.bool, 2, 1), type(.f64, 3), type(.f64)]),
  FunctionCase("np.where", [type(.bool), type(.i32, 3), type(.i32, 2, 3)]),
  FunctionCase("np.broadcast_to", [type(.f64, 3, 1)], ["shape": .ints(2, 3, 4)]),
  FunctionCase("np.broadcast_to", [type(.f64)], ["shape": .ints(0, 2)]),
]

private let productFunctionTable: [FunctionCase] = {
  var table: [FunctionCase] = []
  for (x, y) in matmulShapes {
    table.append(
      FunctionCase("np.matmul", [try! ValueType(.f64, x), try! ValueType(.f64, y)]))
  }
  for (subscripts, shapes) in einsumCases {
    table.append(
      FunctionCase(
        "np.einsum", shapes.map { try! ValueType(.f64, $0) }, ["subscripts": .string(subscripts)]))
  }
  table += [
    FunctionCase(
      "np.tensordot", [type(.f64, 2, 3, 4), type(.f64, 4, 2)],
      ["axes": .list([.ints(0, -1), .ints(1, 0)])]),
    FunctionCase(
      "np.tensordot", [type(.f64, 2), type(.f64, 3)], ["axes": .list([.ints(), .ints()])]),
  ]
  return table
}()

let matmulShapes: [([Int], [Int])] = [
  ([3], [3]), ([2, 3], [3]), ([3], [3, 4]), ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]),
  ([2, 3], [5, 3, 4]), ([5, 2, 3], [5, 3, 4]), ([5, 1, 2, 3], [4, 3, 2]), ([1, 2, 3], [5, 3, 4]),
  ([5, 2, 3], [1, 3, 4]), ([3], [5, 3, 4]), ([5, 2, 3], [3]), ([2, 0], [0, 3]), ([0, 2], [2, 3]),
  ([0, 2, 3], [3, 1]), ([1, 1], [1, 1]), ([1, 2, 3], [1, 3, 2]),
]

/// Explicit outputs; the labels of an ellipsis are capital letters in the naive version.
let einsumCases: [(String, [[Int]])] = [
  ("ij->ij", [[2, 3]]), ("ij->ji", [[2, 3]]), ("ij->i", [[2, 3]]), ("ij->", [[2, 3]]),
  ("ii->i", [[3, 3]]), ("ii->", [[3, 3]]), ("iji->ji", [[2, 3, 2]]), ("iij->j", [[2, 2, 3]]),
  ("iii->i", [[3, 3, 3]]), ("ijij->ij", [[2, 3, 2, 3]]), ("ii->i", [[0, 0]]), ("ii->i", [[1, 1]]),
  ("->", [[]]), (",->", [[], []]), (",i->i", [[], [3]]),
  ("i,i->i", [[3], [3]]), ("i,i->", [[3], [3]]), ("i,j->ij", [[2], [3]]), ("i,j->ji", [[2], [3]]),
  ("ij,jk->ik", [[2, 3], [3, 4]]), ("ij,jk->ki", [[2, 3], [3, 4]]),
  ("ij,kj->ik", [[2, 3], [4, 3]]),
  ("ij,jk->", [[2, 3], [3, 4]]), ("ij,jk->j", [[2, 3], [3, 4]]),
  ("bij,bjk->bik", [[2, 3, 4], [2, 4, 2]]),
  ("bij,bjk->ikb", [[2, 3, 4], [2, 4, 2]]), ("bhqd,bkhd->bqhk", [[2, 2, 3, 2], [2, 4, 2, 2]]),
  ("ij,ij->ij", [[2, 3], [2, 3]]), ("ij,ji->i", [[2, 3], [3, 2]]), ("ij,j->ij", [[2, 3], [3]]),
  ("ij,ij->ij", [[2, 1], [1, 3]]), ("ij,ij->", [[2, 1], [2, 3]]), ("i,i->", [[1], [3]]),
  ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 2]]), ("i,i,i->i", [[3], [3], [3]]),
  ("ij,kl,jm->ikm", [[2, 3], [2, 2], [3, 2]]), ("ab,b,a->", [[2, 3], [3], [2]]),
  ("ii,ij->j", [[2, 2], [2, 3]]), ("ij,jk->ik", [[2, 0], [0, 3]]),
  ("ij,jk->ik", [[0, 2], [2, 3]]),
  ("Aij,Ajk->Aik", [[1, 2, 3], [4, 3, 2]]),
]

private let reductionFunctionTable: [FunctionCase] = {
  var table: [FunctionCase] = []
  let axes: [[String: ParameterValue]] = [
    [:], ["axis": .none], ["axis": .int(0)], ["axis": .int(-1), "keepdims": .bool(true)],
    ["axis": .ints(1, 0)], ["axis": .ints()], ["keepdims": .bool(true)],
  ]
  for name in ["np.sum", "np.max", "np.min", "np.mean", "np.var", "nn.logsumexp"] {
    for parameters in axes {
      table.append(FunctionCase(name, [matrix], parameters, [.distinct]))
    }
    table.append(FunctionCase(name, [type(.f64)]))
    table.append(FunctionCase(name, [type(.f64, 1, 1)], ["axis": .int(1)]))
    table.append(FunctionCase(name, [type(.f64, 0, 2)], ["axis": .int(1)]))
  }
  for name in ["np.sum", "np.max", "np.min"] {
    for element in [ElementType.i32, .u8, .bool] {
      table.append(FunctionCase(name, [type(element, 2, 3)], ["axis": .int(0)]))
    }
  }
  table.append(FunctionCase("np.var", [matrix], ["axis": .int(1), "ddof": .int(1)]))
  for name in ["nn.softmax", "nn.log_softmax"] {
    table += [
      FunctionCase(name, [matrix], [:], [.distinct]),
      FunctionCase(name, [matrix], ["axis": .int(0)], [.distinct]),
      FunctionCase(name, [matrix], ["axis": .ints(0, 1)], [.distinct]),
      FunctionCase(name, [type(.f64, 0, 2)]), FunctionCase(name, [type(.f64, 2, 0)]),
      FunctionCase(name, [type(.f64, 1)]), FunctionCase(name, [type(.f32, 3)]),
    ]
  }
  return table
}()
