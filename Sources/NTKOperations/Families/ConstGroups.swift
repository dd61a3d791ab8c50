import NTKProgram

/// The operands of an operation with several bodies: consts of each body in turn, then the rest.
struct ConstGroups {
  let counts: [Int]

  var total: Int { counts.saturatingSum() }

  /// - Throws: `.parameter` unless there are as many counts as bodies and operands for them.
  func check(bodies: Int, operands: Int) throws(NTKError) {
    guard counts.count == bodies, counts.allSatisfy({ $0 >= 0 }), total <= operands else {
      throw .parameter(
        "const_lengths", expected: "\(bodies) counts of at most \(operands) operands",
        got: "\(counts)")
    }
  }

  /// The places of a body's consts.
  subscript(body: Int) -> Range<Int> {
    let start = counts.prefix(body).reduce(0, +)
    return start..<(start + counts[body])
  }

  /// A body's consts out of what there is for each operand.
  func consts<Element>(_ body: Int, of all: [Element]) -> [Element] { Array(all[self[body]]) }

  /// What stands behind all consts.
  func rest<Element>(of all: [Element]) -> [Element] { Array(all.dropFirst(total)) }
}
