import NTKProgram

/// An array with a label for each axis, as in Einstein's summation.
package struct Labelled {
  package var value: Value
  package var labels: [Int]

  package init(value: Value, labels: [Int]) {
    self.value = value
    self.labels = labels
  }
}

extension ProgramBuilder {
  /// The sum over labels that are not kept of the product of two arrays. Where the sizes of a label
  /// differ, one is 1 and repeats. No label stands twice in one array.
  package mutating func product(
    _ x: Labelled, _ y: Labelled, keeping kept: Set<Int>
  ) throws(NTKError) -> Labelled {
    var (x, y) = (x, y)
    for label in x.labels {
      guard let i = x.labels.firstIndex(of: label), let j = y.labels.firstIndex(of: label) else {
        continue
      }
      let (xSize, ySize) = (shape(of: x.value)[i], shape(of: y.value)[j])
      if xSize != ySize, xSize == 1 { x = try removing(x, axis: i) }
      if xSize != ySize, ySize == 1 { y = try removing(y, axis: j) }
    }
    x = try summed(x, keeping: kept.union(y.labels))
    y = try summed(y, keeping: kept.union(x.labels))
    let shared = x.labels.filter(y.labels.contains)
    let contracted = shared.filter { !kept.contains($0) }
    if contracted.isEmpty { return try outerProduct(x, y) }
    let batch = shared.filter(kept.contains)
    func axes(_ array: Labelled, _ labels: [Int]) -> [Int] {
      labels.compactMap(array.labels.firstIndex(of:))
    }
    let product = try one(
      DotGeneral(
        contracting: (axes(x, contracted), axes(y, contracted)),
        batch: (axes(x, batch), axes(y, batch))), x.value, y.value)
    let rest = [x, y].flatMap { $0.labels.filter { !shared.contains($0) } }
    return Labelled(value: product, labels: batch + rest)
  }

  /// The product, element by element, with all labels of both.
  private mutating func outerProduct(
    _ x: Labelled, _ y: Labelled
  ) throws(NTKError) -> Labelled {
    let labels = x.labels + y.labels.filter { !x.labels.contains($0) }
    let y = try arranged(y, labels.filter(y.labels.contains))
    var sizes = shape(of: x.value).sizes
    for (label, size) in zip(y.labels, shape(of: y.value)) where !x.labels.contains(label) {
      sizes.append(size)
    }
    let shape = try Shape(sizes)
    let left = try broadcast(x.value, to: shape, axes: Array(x.labels.indices))
    let right = try broadcast(
      y.value, to: shape, axes: y.labels.compactMap(labels.firstIndex(of:)))
    return Labelled(value: try mul(left, right), labels: labels)
  }

  /// The sum over labels that are not kept.
  package mutating func summed(
    _ x: Labelled, keeping kept: Set<Int>
  ) throws(NTKError) -> Labelled {
    let axes = x.labels.indices.filter { !kept.contains(x.labels[$0]) }
    return Labelled(value: try sum(x.value, axes: axes), labels: x.labels.filter(kept.contains))
  }

  /// With the axes in the order of the labels.
  package mutating func arranged(_ x: Labelled, _ labels: [Int]) throws(NTKError) -> Labelled {
    let permutation = labels.compactMap(x.labels.firstIndex(of:))
    return Labelled(value: try transpose(x.value, permutation), labels: labels)
  }

  /// The diagonal along axes that have one label, until each stands once.
  package mutating func diagonal(_ x: Labelled) throws(NTKError) -> Labelled {
    var x = x
    while let (first, second) = x.repeatedAxes {
      // Next to each other the two axes are one of n² elements, of which every (n + 1)th counts.
      let size = shape(of: x.value)[first]
      guard shape(of: x.value)[second] == size else {
        throw .shape(
          "an operand", expected: "equal sizes on the axes of one label",
          got: shape(of: x.value))
      }
      let moved = try move(x.value, axis: second, to: first + 1)
      var sizes = shape(of: moved).sizes
      sizes.replaceSubrange(first...(first + 1), with: [size * size])
      let merged = try Shape(sizes)
      var strides = [Int](repeating: 1, count: merged.rank)
      strides[first] = size + 1
      x.value = try one(
        Slice(sizes.map { _ in 0 }, sizes, strides: strides), reshape(moved, to: merged))
      x.labels.remove(at: second)
    }
    return x
  }

  private mutating func removing(_ x: Labelled, axis: Int) throws(NTKError) -> Labelled {
    var labels = x.labels
    labels.remove(at: axis)
    return Labelled(
      value: try reshape(x.value, to: shape(of: x.value).removing([axis])), labels: labels)
  }
}

extension Labelled {
  /// The first two axes with one label.
  fileprivate var repeatedAxes: (Int, Int)? {
    for (second, label) in labels.enumerated() {
      if let first = labels[..<second].firstIndex(of: label) { return (first, second) }
    }
    return nil
  }
}
