import NTKOperations
import NTKProgram

private typealias Body = (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
private let vector = type(.f64, 3)
private let scalar = type(.f64)

private func cond(
  _ index: ElementType, _ types: [ValueType], step: OperationCase.Step = .small,
  _ branches: [Body]
) -> OperationCase {
  let programs = branches.map { try! Program.build(types, $0) }
  return OperationCase(
    Cond(programs), [type(index)] + types,
    [index == .bool ? .any : .indices(-1...programs.count)] + types.map { _ in .any }, step: step)
}

private func tanhProduct(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let product = try b.one(Mul(), v[0], v[1])
  return [try b.one(Tanh(), product)]
}

private func sinSum(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let sum = try b.add(v[0], v[1])
  return [try b.one(Sin(), sum)]
}

private func second(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] { [v[1]] }

private func same(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] { v }

private func negative(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.one(Neg(), v[0]), try b.full(.one(.f64), shape(2)), v[1]]
}

private func doubled(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [v[0], try b.full(.zero(.f64), shape(2)), try b.add(v[1], v[1])]
}

private func transposed(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.transpose(v[0], [1, 0])]
}

private func exponential(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.one(Exp(), v[0])]
}

private func sums(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.one(Cumsum(), v[0])]
}

private let condTable: [OperationCase] = [
  cond(.i32, [vector, vector], [tanhProduct, sinSum, second]),
  cond(.bool, [vector, vector], [tanhProduct, sinSum]),
  cond(.i32, [vector, vector], [tanhProduct]),
  // Linear in the first operand; an output that depends on nothing, and one that is an integer.
  cond(.i32, [vector, type(.i32)], step: .one, [negative, doubled]),
  // Axes that only one branch passes through.
  cond(.bool, [type(.f64, 3, 3)], [transposed, exponential]),
  cond(.bool, [type(.f64, 2, 3)], [exponential, sums]),
  cond(.i32, [type(.f64, 0)], [same, same]),
]

/// The loop runs while `start < limit`, by steps of 1; then the rest of the carry.
private func loop(
  consts: [ValueType] = [], _ carry: [ValueType], _ body: @escaping Body
) -> OperationCase {
  let counter = type(.i32)
  let condition = try! Program.build([counter, counter] + carry) { b, v throws(NTKError) in
    [try b.one(Lt(), v[1], v[0])]
  }
  let step = try! Program.build(consts + [counter] + carry) { b, v throws(NTKError) in
    let one = try b.full(.one(.i32), .scalar)
    let next = try b.add(v[consts.count], one)
    return [next]
      + (try body(&b, Array(v.prefix(consts.count)) + v.dropFirst(consts.count + 1)))
  }
  return OperationCase(
    While(condition: condition, constCount: 1, body: step, constCount: consts.count),
    [counter] + consts + [counter] + carry,
    [.indices(0...4)] + consts.map { _ in .any } + [.indices(0...2)] + carry.map { _ in .any },
    isReversible: false)
}

private func sine(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.one(Sin(), v[0])]
}

private func product(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let product = try b.one(Mul(), v[0], v[1])
  return [try b.one(Tanh(), product), try b.one(Cos(), v[2])]
}

private func sineAndSame(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.one(Sin(), v[0]), v[1]]
}

private func turned(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.transpose(v[0], [1, 0]), try b.one(Cos(), v[1])]
}

private let whileTable: [OperationCase] = [
  loop([vector], sine), loop(consts: [vector], [vector, scalar], product),
  loop([scalar, type(.f64, 0)], sineAndSame), loop([type(.f64, 3, 3), vector], turned),
]

let controlFlowTable = condTable + whileTable
