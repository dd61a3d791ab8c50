import NTKProgram

/// What is run for a derivative: one program whose inputs are the program's own, then the tangents
/// or cotangents.
enum Derivation: Hashable, Sendable {
  case jvp([Int])
  case vjp([Int])
  case jacobian([Int], JacobianMode)

  func program(from program: Program) throws(NTKError) -> Program {
    switch self {
    case .jvp(let active): try program.jvpForRun(active)
    case .vjp(let active): try program.vjpForRun(active)
    case .jacobian(let active, let mode):
      // The values stand before the blocks.
      try program.checkedJacobian(active: active, mode: mode)
        .selectingAll(from: program.outputs.count)
    }
  }
}

extension Program {
  fileprivate func selectingAll(from first: Int) throws(NTKError) -> Program {
    try selecting(Array(first..<outputs.count))
  }

  /// (inputs, captured ones among them, tangents) -> (outputs, tangents)
  fileprivate func jvpForRun(_ active: [Int]) throws(NTKError) -> Program {
    let jvp = try forwardMode(active: active)
    var b = ProgramBuilder()
    let primals = labelledInputs(in: &b)
    let tangents = active.map {
      b.input(inputTypes[$0], name: "tangent of \(inputLabel($0))")
    }
    let results = try b.call(
      jvp, primals.dropLast(capturedCount) + tangents + primals.suffix(capturedCount))
    return try b.finish(inputs: primals + tangents, outputs: results)
  }

  /// (inputs, captured ones among them, cotangents of floating outputs)
  /// -> (outputs, cotangents of active)
  fileprivate func vjpForRun(_ active: [Int]) throws(NTKError) -> Program {
    let (forward, backward, residualCount) = try vjp(active: active)
    var b = ProgramBuilder()
    let primals = labelledInputs(in: &b)
    var cotangents: [Value] = []
    for (index, type) in outputTypes.enumerated() where type.isFloating {
      cotangents.append(b.input(type, name: "cotangent of output \(index)"))
    }
    let values = try b.call(forward, primals)
    let pulled = try b.call(backward, values.suffix(residualCount) + cotangents)
    return try b.finish(
      inputs: primals + cotangents, outputs: values.dropLast(residualCount) + pulled)
  }

  /// Inputs named as messages name them, for they stand at other places now.
  private func labelledInputs(in b: inout ProgramBuilder) -> [Value] {
    inputTypes.enumerated().map { b.input($1, name: inputLabel($0)) }
  }
}

extension Program {
  /// `jvp`, refused where a function in it was given a derivative for reverse mode only.
  func forwardMode(active: [Int]) throws(NTKError) -> Program {
    let jvp = try self.jvp(active: active)
    guard isReverseOnly || !jvp.isReverseOnly else {
      throw .unsupported(
        "forward-mode differentiation (jvp, jacfwd) of a custom_vjp function: its rule is for reverse "
          + "mode (vjp, grad, jacrev); use custom_jvp for both")
    }
    return jvp
  }

  /// `jacobian`, refused as `forwardMode` is.
  func checkedJacobian(active: [Int], mode: JacobianMode) throws(NTKError) -> Program {
    if mode == .forward { _ = try forwardMode(active: active) }
    return try jacobian(active: active, mode: mode)
  }
}
