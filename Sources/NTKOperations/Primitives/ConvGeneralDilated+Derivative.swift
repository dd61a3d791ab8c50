import NTKProgram

extension ConvGeneralDilated {
  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    if case .linear(let type) = operands[0], let right = operands[1].value {
      return [try transposedByLeft(cotangent, type, right, in: &b), nil]
    }
    if case .linear(let type) = operands[1], let left = operands[0].value {
      return [nil, try transposedByRight(cotangent, left, type, in: &b)]
    }
    throw .notLinear("'\(name)' of two active operands")
  }

  private func parameters(of axes: [WindowAxis]) -> ConvGeneralDilated {
    ConvGeneralDilated(
      windowStrides: axes.map(\.stride), padding: axes.map { [$0.low, $0.high] },
      lhsDilation: axes.map(\.baseDilation), rhsDilation: axes.map(\.dilation),
      dimensionNumbers: dimensionNumbers)
  }

  /// Entries of the window from the last to the first, features and channels changed over, groups of
  /// either kind as groups of features.
  private func transposedByLeft(
    _ cotangent: Value, _ type: ValueType, _ right: Value, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let rightType = b.type(of: right)
    guard type.shape.elementCount > 0, rightType.shape.elementCount > 0,
      b.shape(of: cotangent).elementCount > 0
    else { return try b.zeros(type) }
    let numbers = dimensionNumbers
    let groups = featureGroupCount * batchGroupCount
    let outShape = b.shape(of: cotangent)
    let axes = windowAxes([type, rightType]).enumerated().map { number, axis in
      axis.transposed(outShape[numbers.out[2 + number]])
    }
    var new = parameters(of: axes)
    new.dimensionNumbers = ConvDimensionNumbers(
      lhs: numbers.out, rhs: [numbers.rhs[1], numbers.rhs[0]] + numbers.rhs.dropFirst(2),
      out: numbers.lhs)
    new.featureGroupCount = groups
    let reversed = numbers.rhs.dropFirst(2).filter { rightType.shape[$0] > 1 }.sorted()
    var window = reversed.isEmpty ? right : try b.one(Rev(reversed), right)
    window = try b.moveGroups(groups, of: window, from: numbers.rhs[0], to: numbers.rhs[1])
    let result = try b.one(new, cotangent, window)
    guard batchGroupCount > 1 else { return result }
    return try b.moveGroups(batchGroupCount, of: result, from: numbers.lhs[1], to: numbers.lhs[0])
  }

  /// The batch as channels and the positions as entries of a window; groups of features come from
  /// groups of the batch, and the other way round.
  private func transposedByRight(
    _ cotangent: Value, _ left: Value, _ type: ValueType, in b: inout ProgramBuilder
  ) throws(NTKError) -> Value {
    let leftType = b.type(of: left)
    let outShape = b.shape(of: cotangent)
    guard type.shape.elementCount > 0, leftType.shape.elementCount > 0,
      outShape.elementCount > 0
    else { return try b.zeros(type) }
    let numbers = dimensionNumbers
    let axes = windowAxes([leftType, type]).enumerated().map { number, axis in
      axis.transposedByWindow(outShape[numbers.out[2 + number]])
    }
    func swapped(_ spec: [Int]) -> [Int] { [spec[1], spec[0]] + spec.dropFirst(2) }
    var new = parameters(of: axes)
    new.dimensionNumbers = ConvDimensionNumbers(
      lhs: swapped(numbers.lhs), rhs: swapped(numbers.out), out: swapped(numbers.rhs))
    new.featureGroupCount = batchGroupCount
    new.batchGroupCount = featureGroupCount
    return try b.one(new, left, cotangent)
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let numbers = dimensionNumbers
    var new = self
    let result: Value
    let axis: Int
    guard size > 0 else { return try batchedEmpty(operands, axes, in: &b) }
    switch (axes[0], axes[1]) {
    case (let left?, let right?):
      let place: Int
      if batchGroupCount > 1 {
        new.batchGroupCount *= size
        place = numbers.lhs[0]
      } else {
        new.featureGroupCount *= size
        place = numbers.lhs[1]
      }
      let x = try b.fold(operands[0], axis: left, into: place)
      let r = try b.fold(operands[1], axis: right, into: numbers.rhs[0])
      (result, axis) = (try b.one(new, x, r), numbers.out[1])
      return ([try b.unfold(result, size, from: axis)], [axis])
    case (let left?, nil):
      axis = numbers.out[0]
      let x = try b.fold(operands[0], axis: left, into: numbers.lhs[0], inside: batchGroupCount)
      let y = try b.one(new, x, operands[1])
      return ([try b.unfold(y, size, from: axis)], [axis])
    case (nil, let right?):
      axis = numbers.out[1]
      let groups = featureGroupCount * batchGroupCount
      let r = try b.fold(operands[1], axis: right, into: numbers.rhs[0], inside: groups)
      let y = try b.one(new, operands[0], r)
      guard groups > 1 else { return ([try b.unfold(y, size, from: axis)], [axis]) }
      // (groups, size, features of each)
      let grouped = try b.unfold(y, groups, from: axis)
      let split = try b.unfold(grouped, size, from: axis + 1)
      let moved = try b.move(split, axis: axis + 1, to: axis)
      let shape = b.shape(of: moved)
      var sizes = shape.sizes
      sizes.replaceSubrange((axis + 1)...(axis + 2), with: [shape[axis + 1] * shape[axis + 2]])
      return ([try b.reshape(moved, to: Shape(sizes))], [axis])
    case (nil, nil): return (try b.apply(self, operands), [nil])
    }
  }

  private func batchedEmpty(
    _ operands: [Value], _ axes: [Int?], in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var types: [ValueType] = []
    for (operand, axis) in zip(operands, axes) {
      let type = b.type(of: operand)
      types.append(type.with(type.shape.removing(axis.map { [$0] } ?? [])))
    }
    let type = try resultTypes(types)[0]
    return ([try b.zeros(type.with(type.shape.inserting(0, at: 0)))], [0])
  }
}

extension ProgramBuilder {
  /// With an axis made the outer part of another, whose number counts without it; if `inside` is
  /// more than 1, the outer part of what stands inside of that many groups.
  fileprivate mutating func fold(
    _ value: Value, axis: Int, into target: Int, inside groups: Int = 1
  ) throws(NTKError) -> Value {
    var value = try move(value, axis: axis, to: target)
    var sizes = shape(of: value).sizes
    let (size, length) = (sizes[target], sizes[target + 1])
    if groups > 1 {
      var split = sizes
      split.replaceSubrange(target...(target + 1), with: [size, groups, length / groups])
      value = try reshape(value, to: Shape(split))
      value = try move(value, axis: target + 1, to: target)
    }
    sizes.replaceSubrange(target...(target + 1), with: [size * length])
    return try reshape(value, to: Shape(sizes))
  }

  /// With the outer part of an axis made an axis before it.
  fileprivate mutating func unfold(
    _ value: Value, _ size: Int, from axis: Int
  ) throws(NTKError) -> Value {
    var sizes = shape(of: value).sizes
    sizes.replaceSubrange(axis...axis, with: [size, sizes[axis] / size])
    return try reshape(value, to: Shape(sizes))
  }

  /// With the outer part of one axis, which counts groups, made the outer part of another.
  fileprivate mutating func moveGroups(
    _ groups: Int, of value: Value, from source: Int, to target: Int
  ) throws(NTKError) -> Value {
    guard groups > 1 else { return value }
    let split = try unfold(value, groups, from: source)
    return try fold(split, axis: source, into: target)
  }
}
