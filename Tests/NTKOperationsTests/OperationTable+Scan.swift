import NTKOperations
import NTKProgram

private let vector = type(.f64, 2)

private func scan(
  _ inputs: [ValueType], _ stacked: [ValueType], length: Int, consts: Int, carry: Int,
  reverse: Bool = false,
  _ body: (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
) -> OperationCase {
  let program = try! Program.build(inputs, body)
  return OperationCase(
    Scan(program, length: length, constCount: consts, carryCount: carry, isReversed: reverse),
    stacked)
}

/// h, x -> tanh(w·h + x): a recurrent step, its states stacked.
private func recurrent(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let product = try b.one(DotGeneral(contracting: ([1], [0])), v[0], v[1])
  let state = try b.one(Tanh(), b.add(product, v[2]))
  return [state, state]
}

let scanTable: [OperationCase] =
  [0, 1, 3].flatMap { length in
    [false, true].map { reverse in
      scan(
        [type(.f64, 2, 2), vector, vector], [type(.f64, 2, 2), vector, type(.f64, length, 2)],
        length: length, consts: 1, carry: 1, reverse: reverse, recurrent)
    }
  } + [
    // No carry: a map; the y does not depend on the const's second half.
    scan([vector, vector], [vector, type(.f64, 3, 2)], length: 3, consts: 1, carry: 0) {
      b, v throws(NTKError) in
      try b.apply(Mul(), v)
    },
    // No xs: a power; the y is the state before.
    scan([vector, vector], [vector, vector], length: 3, consts: 1, carry: 1) {
      b, v throws(NTKError) in
      [try b.one(Mul(), v[0], v[1]), v[1]]
    },
    // A counter beside a sum, and an output that no input reaches.
    scan(
      [type(.i32), vector, vector], [type(.i32), vector, type(.f64, 2, 2)], length: 2, consts: 0,
      carry: 2
    ) { b, v throws(NTKError) in
      let one = try b.full(.one(.i32), .scalar)
      let ones = try b.full(.one(.f64), shape(2))
      return [try b.add(v[0], one), try b.add(v[1], v[2]), v[0], ones]
    },
  ]
