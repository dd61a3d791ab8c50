import NTKProgram

/// Every `strides[i]`-th element of axis i from `startIndices[i]` up to, not including,
/// `limitIndices[i]`.
public struct Slice: View {
  public static let name = "slice"
  public private(set) var startIndices: [Int] = []
  public private(set) var limitIndices: [Int] = []
  /// nil: all 1.
  public private(set) var strides: [Int]?

  public init() {}

  public init(_ startIndices: [Int], _ limitIndices: [Int], strides: [Int]? = nil) {
    self.startIndices = startIndices
    self.limitIndices = limitIndices
    self.strides = strides
    normalize()
  }

  /// The elements in a range of one axis.
  public init(_ shape: Shape, axis: Int, _ range: Range<Int>) {
    startIndices = shape.indices.map { $0 == axis ? range.lowerBound : 0 }
    limitIndices = shape.indices.map { $0 == axis ? range.upperBound : shape[$0] }
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("start_indices", &startIndices)
    try coder.code("limit_indices", &limitIndices)
    try coder.code("strides", &strides, default: nil)
    normalize()
  }

  private mutating func normalize() {
    if strides?.allSatisfy({ $0 == 1 }) == true && strides?.count == startIndices.count {
      strides = nil
    }
  }

  private func stride(_ axis: Int) -> Int { strides?[axis] ?? 1 }

  private func count(_ axis: Int) -> Int {
    let length = limitIndices[axis] - startIndices[axis]
    return length == 0 ? 0 : (length - 1) / stride(axis) + 1
  }

  private func isWhole(_ axis: Int, _ size: Int) -> Bool {
    startIndices[axis] == 0 && limitIndices[axis] == size && stride(axis) == 1
  }

  public func resultTypes(_ operands: [ValueType]) throws(NTKError) -> [ValueType] {
    try operands.expect(count: 1)
    let shape = operands[0].shape
    let lists = [
      ("start_indices", startIndices), ("limit_indices", limitIndices),
      ("strides", strides ?? startIndices),
    ]
    for (parameter, list) in lists where list.count != shape.rank {
      throw .parameter(parameter, expected: "\(shape.rank) numbers", got: "\(list)")
    }
    for axis in shape.indices {
      guard startIndices[axis] >= 0, startIndices[axis] <= limitIndices[axis] else {
        throw .parameter(
          "start_indices", expected: "0 to \(limitIndices[axis]) on axis \(axis)",
          got: "\(startIndices)")
      }
      guard limitIndices[axis] <= shape[axis] else {
        throw .parameter(
          "limit_indices", expected: "at most \(shape[axis]) on axis \(axis)",
          got: "\(limitIndices)")
      }
      guard stride(axis) >= 1 else {
        throw .parameter("strides", expected: "at least 1", got: "\(strides ?? [])")
      }
    }
    return [operands[0].with(try Shape(shape.indices.map(count)))]
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let shape = operands[0].shape
    return .mapping(shape.indices.map { isWhole($0, shape[$0]) ? $0 : nil })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Slice {
    var copy = self
    // An axis that is not whole has the size that it had.
    for axis in limitIndices.indices
    where startIndices[axis] == 0 && stride(axis) == 1 && count(axis) != results[0].shape[axis] {
      copy.limitIndices[axis] = results[0].shape[axis]
    }
    return copy
  }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let batch = axes[0] ?? 0
    var copy = self
    copy.startIndices.insert(0, at: batch)
    copy.limitIndices.insert(size, at: batch)
    copy.strides?.insert(1, at: batch)
    return (try b.apply(copy, operands), [batch])
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0], case .linear(let type) = operands[0] else { return [nil] }
    let config = type.shape.indices.map { axis in
      let count = count(axis)
      // The stride of fewer than two elements does not matter.
      let interior = count > 1 ? stride(axis) - 1 : 0
      let length = count == 0 ? 0 : (count - 1) * (interior + 1) + 1
      let start = startIndices[axis]
      return PaddingConfig(start, type.shape[axis] - start - length, interior)
    }
    let zero = try b.full(.zero(type.elementType), .scalar)
    return [try b.one(Pad(config), cotangent, zero)]
  }

  // y[r] = u[start + stride·r]
  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? {
    let shape = operands[0].shape
    var form = LinearForm.identity(shape)
    for axis in shape.indices where !isWhole(axis, shape[axis]) {
      form.result[axis] = [form.labels.count]
      form.labels.append(count(axis))
      form.relations.append(
        .affine(
          target: axis, terms: [.init(form.result[axis][0], stride(axis))],
          offset: startIndices[axis]))
    }
    return form
  }

  public func view(of operand: Layout, _ type: ValueType) -> Layout? {
    var layout = operand
    layout.sizes = type.shape.sizes
    // Strides of no elements could step outside of memory, or overflow.
    for axis in layout.sizes.indices where layout.sizes[axis] > 0 {
      layout.offset += startIndices[axis] * operand.strides[axis]
      if layout.sizes[axis] > 1 { layout.strides[axis] *= stride(axis) }
    }
    return layout
  }

  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    let shape = b.shape(of: operands[0])
    return shape.indices.allSatisfy { isWhole($0, shape[$0]) } ? operands : nil
  }
}
