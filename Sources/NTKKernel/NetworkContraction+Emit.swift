import NTKOperations
import NTKProgram

extension ProgramBuilder {
  /// The network's result, with the axes of its open labels, contracted in the order of the path.
  mutating func contract(
    _ network: NetworkContraction, _ path: ContractionPath, arrays: [Value],
    _ elementType: ElementType
  ) throws(NTKError) -> Value {
    let shape = try Shape(network.open.map { network.sizes[$0] })
    if network.isZero { return try zeros(ValueType(elementType, shape)) }
    var nodes: [Labelled?] = []
    for tensor in network.tensors {
      nodes.append(try load(tensor, network, arrays, elementType))
    }
    nodes += [Labelled?](repeating: nil, count: network.relations.count)
    for step in path.steps {
      switch step.kind {
      case .union: nodes.append(nil)
      case .product:
        guard let left = nodes[step.left], let right = nodes[step.right] else {
          throw .invariant("a step of a contraction multiplies a relation")
        }
        nodes.append(try product(left, right, keeping: Set(step.kept)))
      case .apply(let relations):
        guard let tensor = nodes[step.left] else {
          throw .invariant("a step of a contraction applies a relation to a relation")
        }
        let applied = try apply(
          relations.map { network.relations[$0] }, to: tensor, network, arrays, step.kept)
        nodes.append(try summed(applied, keeping: Set(step.kept)))
      }
    }
    guard var result = nodes.last ?? nil else {
      throw .invariant("a contraction without tensors")
    }
    result = try summed(result, keeping: Set(network.open))
    result = try arranged(result, network.open.filter(result.labels.contains))
    let value = try broadcast(
      result.value, to: shape,
      axes: network.open.indices.filter {
        result.labels.contains(network.open[$0])
      })
    if network.scale == 1 { return value }
    return try one(Mul(), value, full(Literal(network.scale, elementType), shape))
  }

  /// An array with an axis for each of its labels.
  private mutating func labelled(
    _ array: Value, _ axes: [[Int]], _ network: NetworkContraction
  ) throws(NTKError) -> Labelled {
    let labels = Array(axes.joined())
    let flat = try reshape(array, to: try Shape(labels.map { network.sizes[$0] }))
    return try diagonal(Labelled(value: flat, labels: labels))
  }

  private mutating func load(
    _ tensor: NetworkContraction.Tensor, _ network: NetworkContraction, _ arrays: [Value],
    _ elementType: ElementType
  ) throws(NTKError) -> Labelled {
    switch tensor.source {
    case .array(let array, let axes, let isReciprocal, let masks):
      var loaded = try labelled(
        convert(arrays[array], to: elementType), axes, network)
      if isReciprocal {
        let ones = try self.ones(type(of: loaded.value))
        loaded.value = try one(Div(), ones, loaded.value)
      }
      for mask in masks {
        let type = self.type(of: loaded.value)
        let condition = try labelled(arrays[mask.array], mask.axes, network)
        let ordered = try arranged(condition, loaded.labels.filter(condition.labels.contains))
        let maskType = self.type(of: ordered.value)
        let holds = try one(
          Eq(), ordered.value, full(Literal(mask.index, maskType.elementType), maskType.shape))
        let places = loaded.labels.indices.filter { ordered.labels.contains(loaded.labels[$0]) }
        let wide = try broadcast(holds, to: type.shape, axes: places)
        loaded.value = try select(wide, loaded.value, zeros(type))
      }
      return loaded
    case .join(let array, let axes, let other, let otherAxes, let size):
      let one = try labelled(arrays[array], axes, network)
      let two = try labelled(arrays[other], otherAxes, network)
      let labels = tensor.labels
      let shape = try Shape(labels.map { network.sizes[$0] })
      var wide: [Value] = []
      for table in [one, two] {
        let indices = try convert(table.value, to: .i64)
        let ordered = try arranged(
          Labelled(value: indices, labels: table.labels), labels.filter(table.labels.contains))
        wide.append(
          try broadcast(
            ordered.value, to: shape,
            axes: labels.indices.filter { ordered.labels.contains(labels[$0]) }))
      }
      let isInside = try isInside(wide[0], size)
      let agree = try self.one(And(), self.one(Eq(), wide[0], wide[1]), isInside)
      return Labelled(value: try convert(agree, to: elementType), labels: labels)
    }
  }

  private mutating func isInside(_ indices: Value, _ size: Int) throws(NTKError) -> Value {
    let type = self.type(of: indices)
    let least = try one(
      Ge(), indices, full(Literal(0, type.elementType), type.shape))
    let below = try one(
      Lt(), indices, full(Literal(size, type.elementType), type.shape))
    return try one(And(), least, below)
  }

  /// The tensor with targets of relations replaced by the labels that determine them. What of those
  /// labels is not kept is summed.
  private mutating func apply(
    _ relations: [NetworkContraction.Relation], to tensor: Labelled,
    _ network: NetworkContraction, _ arrays: [Value], _ kept: [Int]
  ) throws(NTKError) -> Labelled {
    if case .table(let target, let array, let axes) = relations[0] {
      return try take(tensor, target, labelled(arrays[array], axes, network), network)
    }
    var slices: [SliceRelation] = []
    for relation in relations { slices.append(SliceRelation(relation, network)) }
    let unrolled = distinct(slices.flatMap { $0.others.map(\.label) })
    let summedLabels = unrolled.filter { !kept.contains($0) }
    let stackedLabels = unrolled.filter(kept.contains)
    var labels = tensor.labels
    for slice in slices {
      guard let axis = labels.firstIndex(of: slice.target) else { continue }
      if let main = slice.main { labels[axis] = main.label } else { labels.remove(at: axis) }
    }
    let shape = try Shape(labels.map { network.sizes[$0] })
    let type = ValueType(self.type(of: tensor.value).elementType, shape)
    var parts: [Value] = []
    for outer in assignments(stackedLabels, network.sizes) {
      var sum: Value?
      for inner in assignments(summedLabels, network.sizes) {
        var value: Value? = tensor.value
        var current = tensor.labels
        let at = outer.merging(inner) { first, _ in first }
        for slice in slices {
          guard let axis = current.firstIndex(of: slice.target), let before = value else {
            continue
          }
          value = try shifted(before, axis: axis, slice, at, network.sizes)
          if let main = slice.main { current[axis] = main.label } else { current.remove(at: axis) }
        }
        sum = try self.sum(sum, value)
      }
      parts.append(try instantiate(sum, type))
    }
    if stackedLabels.isEmpty { return Labelled(value: parts[0], labels: labels) }
    var rows: [Value] = []
    for part in parts { rows.append(try broadcast(part, inserting: 1, at: 0)) }
    let stacked = rows.count == 1 ? rows[0] : try apply(Concatenate(0), rows)[0]
    let sizes = stackedLabels.map { network.sizes[$0] } + shape.sizes
    return Labelled(
      value: try reshape(stacked, to: try Shape(sizes)), labels: stackedLabels + labels)
  }

  /// Elements offset + coefficient · i of an axis, 0 outside; nil: all are outside.
  private mutating func shifted(
    _ value: Value, axis: Int, _ slice: SliceRelation, _ at: [Int: Int], _ sizes: [Int]
  ) throws(NTKError) -> Value? {
    let shape = self.shape(of: value)
    let size = shape[axis]
    var start = slice.others.reduce(slice.offset) { $0 + $1.coefficient * (at[$1.label] ?? 0) }
    guard let main = slice.main else {
      guard start >= 0, start < size else { return nil }
      let taken = try one(Slice(shape, axis: axis, start..<(start + 1)), value)
      return try reshape(taken, to: shape.removing([axis]))
    }
    let count = sizes[main.label]
    let step = abs(main.coefficient)
    let isReversed = main.coefficient < 0
    if isReversed { start += main.coefficient * (count - 1) }
    // The i with 0 ≤ start + step · i < size.
    let first = start >= 0 ? 0 : (-start + step - 1) / step
    let end = min(count, start < size ? (size - start + step - 1) / step : 0)
    guard first < end else { return nil }
    var result = value
    var starts = shape.sizes.map { _ in 0 }
    var limits = shape.sizes
    var strides = shape.sizes.map { _ in 1 }
    starts[axis] = start + step * first
    limits[axis] = start + step * (end - 1) + 1
    strides[axis] = step
    if starts[axis] > 0 || limits[axis] < size || step > 1 {
      result = try one(Slice(starts, limits, strides: strides), result)
    }
    if first > 0 || end < count {
      let zero = try zeros(type(of: value).with(.scalar))
      var config = shape.sizes.map { _ in PaddingConfig(0, 0) }
      config[axis] = PaddingConfig(first, count - end)
      result = try one(Pad(config), result, zero)
    }
    return isReversed ? try one(Rev([axis]), result) : result
  }

  /// Rows of a tensor at the indices of a table, 0 where one is outside.
  private mutating func take(
    _ tensor: Labelled, _ target: Int, _ table: Labelled, _ network: NetworkContraction
  ) throws(NTKError) -> Labelled {
    let rest = tensor.labels.filter { $0 != target }
    let rows = try arranged(tensor, [target] + rest)
    let indices = try broadcast(table.value, inserting: 1, at: table.labels.count)
    let wide = try convert(indices, to: .i64)
    let taken = try one(
      Gather(rowsOf: shape(of: rows.value), at: shape(of: wide)), rows.value, wide)
    return Labelled(value: taken, labels: table.labels + rest)
  }
}

/// An affine relation as a slice: along its longest label, at values of the others.
private struct SliceRelation {
  let target: Int
  let offset: Int
  let main: LinearForm.Relation.Term?
  let others: [LinearForm.Relation.Term]

  init(_ relation: NetworkContraction.Relation, _ network: NetworkContraction) {
    target = relation.target
    guard case .affine(_, let terms, let offset) = relation else {
      (offset, main, others) = (0, nil, [])
      return
    }
    self.offset = offset
    let chosen = network.main(relation)
    main = terms.first { $0.label == chosen }
    others = terms.filter { $0.label != chosen }
  }
}

/// All values of some labels.
private func assignments(_ labels: [Int], _ sizes: [Int]) -> [[Int: Int]] {
  var result: [[Int: Int]] = [[:]]
  for label in labels {
    result = result.flatMap { one in
      (0..<sizes[label]).map { index in
        var next = one
        next[label] = index
        return next
      }
    }
  }
  return result
}
