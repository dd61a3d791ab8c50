import NTKOperations
import NTKProgram

// Operations that hold a function and its rules. The rules are the function's own derivatives, so that
// every law holds of them.

private typealias Body = (inout ProgramBuilder, [Value]) throws(NTKError) -> [Value]
private let vector = type(.f64, 3)
private let scalar = type(.f64)
private let matrix = type(.f64, 2, 3)

private func product(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let product = try b.one(Mul(), v[0], v[1])
  return [try b.one(Tanh(), product), try b.one(Sin(), v[1])]
}

/// The first operand is an integer, and so is a result.
private func counted(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  let count = try b.convert(v[0], to: .f64)
  let scaled = try b.one(Mul(), count, b.one(Cos(), v[1]))
  return [try b.add(v[0], v[0]), scaled]
}

private func turned(_ b: inout ProgramBuilder, _ v: [Value]) throws(NTKError) -> [Value] {
  [try b.transpose(b.one(Exp(), v[0]), [1, 0]), try b.sum(v[0], axes: [0])]
}

private var bodies: [([ValueType], Body)] {
  [
    ([scalar, scalar], product), ([type(.f64, 0), type(.f64, 0)], product),
    ([type(.f64, 2, 1), type(.f64, 2, 1)], product),
    ([type(.i32, 3), vector], counted), ([type(.f64, 3, 2)], turned),
  ]
}

private func floating(_ types: [ValueType]) -> [Int] {
  types.indices.filter { types[$0].isFloating }
}

private let callTable: [OperationCase] = bodies.flatMap { types, body in
  let program = try! Program.build(types, body)
  let active = floating(types)
  // An integer in front may be a const.
  let consts = active.first ?? 0
  let vjp = try! program.vjp(active: active)
  let residuals = vjp.forward.outputTypes.dropFirst(program.outputs.count)
  let backward = try! Program.build(
    types.prefix(consts) + vjp.backward.inputTypes
  ) { b, inputs throws(NTKError) in try b.call(vjp.backward, Array(inputs.dropFirst(consts))) }
  let linear = CustomLinear(vjp.backward, knownCount: residuals.count)
  return [
    OperationCase(
      CustomJVPCall(
        program, rule: try! program.jvp(active: active), constCount: consts, function: "f"), types),
    OperationCase(CustomJVPCall(program, rule: try! program.jvp(active: active)), types),
    OperationCase(
      CustomVJPCall(
        program, forward: vjp.forward, backward: backward, constCount: consts, function: "f"), types
    ),
    OperationCase(linear, residuals + vjp.backward.outputTypes),
    OperationCase(Checkpoint(program), types),
  ]
}

/// exp(x) = c, by x = log c.
private func root(_ type: ValueType) -> OperationCase {
  let root = CustomRoot(
    try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Sub(), b.one(Exp(), v[1]), v[0])]
    },
    solve: try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Log(), v[0]), try b.full(.one(.i32), shape(2))]
    },
    tangentSolve: try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Div(), v[1], b.one(Exp(), v[0]))]
    }, constCounts: [1, 1, 0])
  var row = OperationCase(root, [type, type], [.positive, .any])
  row.wiring = [0, 0, 1]
  return row
}

/// Diagonal times reversal: not symmetric.
private func linearSolve(_ sizes: Int...) -> OperationCase {
  let type = try! ValueType(.f64, sizes)
  let axis = sizes.count - 1
  let solve = CustomLinearSolve(
    matvec: try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Mul(), v[0], b.one(Rev([axis]), v[1]))]
    },
    solve: try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Rev([axis]), b.one(Div(), v[1], v[0]))]
    },
    transposeSolve: try! Program.build([type, type]) { b, v throws(NTKError) in
      [try b.one(Div(), b.one(Rev([axis]), v[1]), v[0])]
    }, constCounts: [1, 1, 1])
  var row = OperationCase(solve, [type, type], [.positive, .any])
  row.wiring = [0, 0, 0, 1]
  return row
}

private let solverTable: [OperationCase] = [
  root(scalar), root(matrix), root(type(.f64, 0)), linearSolve(3), linearSolve(2, 3),
  linearSolve(0), linearSolve(1),
]

private func numbers(_ array: ArrayReference) -> UnsafeMutableBufferPointer<Double> {
  UnsafeMutableBufferPointer(
    start: array.data.assumingMemoryBound(to: Double.self), count: array.elementCount)
}

/// Whether there is an integer in front and then so many arrays of one shape: a program may call a
/// function with others.
private func fit(_ inputs: [ArrayReference], _ outputs: [ArrayReference], _ count: Int) -> Bool {
  let arrays = inputs.dropFirst() + outputs
  return inputs.first?.elementType == .i32 && inputs.first?.elementCount == 1
    && arrays.count == count
    && arrays.allSatisfy { $0.elementType == .f64 && $0.sizes == outputs[0].sizes }
}

private func factor(_ arrays: [ArrayReference]) -> Double {
  let k = Double(arrays[0].data.load(as: Int32.self))
  return k * k * k
}

private func combine(
  _ k: Double, _ x: ArrayReference, _ y: ArrayReference, _ out: ArrayReference
) {
  for index in 0..<out.elementCount {
    numbers(out)[index] = k * numbers(x)[index] + numbers(y)[index]
  }
}

/// k³ x + y, of (i32 k, x, y).
private let callbackName: String = {
  try! CallbackRegistry.register(
    "scaled sum",
    CallbackFunctions(
      value: { inputs, outputs in
        guard inputs.count == 3, fit(inputs, outputs, 3) else { return false }
        combine(factor(inputs), inputs[1], inputs[2], outputs[0])
        return true
      },
      jvp: { inputs, outputs in
        guard inputs.count == 5, fit(inputs, outputs, 5) else { return false }
        combine(factor(inputs), inputs[3], inputs[4], outputs[0])
        return true
      },
      vjp: { inputs, outputs in
        guard inputs.count == 4, fit(inputs, outputs, 5) else { return false }
        for index in 0..<inputs[3].elementCount {
          numbers(outputs[0])[index] = factor(inputs) * numbers(inputs[3])[index]
          numbers(outputs[1])[index] = numbers(inputs[3])[index]
        }
        return true
      }))
  return "scaled sum"
}()

private let callbackTable: [OperationCase] = [vector, scalar, type(.f64, 0)].flatMap { x in
  let callback = Callback(
    callbackName, results: [x], vmapMethod: "sequential", hasDerivatives: true)
  var value = OperationCase(callback, [type(.i32), x, x], step: .one)
  value.isTwiceDifferentiable = false
  // The derivatives are linear in what stands behind the operands, and have none by those.
  let program = try! value.program()
  let jvp = try! program.linearized(active: [1, 2]).linear
  let vjp = try! program.vjp(active: [1, 2]).backward
  return [value]
    + [jvp, vjp].flatMap { program in
      program.equations.filter { $0.primitive.name.hasPrefix("callback") }.map { equation in
        let types = program.types(of: equation.operands)
        var row = OperationCase(equation.primitive, types, step: .one)
        row.active = Array(3..<types.count)
        return row
      }
    }
}

let customTable = callTable + solverTable + callbackTable
