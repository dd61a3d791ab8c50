import CVectorLoops

/// Shape aspect: the result's elements are the operand's at other places, which strides can say.
/// Linear; a rule of a view is stated by its layout, its axis flow, and how it is transposed.
public protocol View: ViewPrimitive, Linear {}

extension View {
  public var evaluation: EvaluationTraits { [.anyStrides, .cheap] }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let operand = context.operands[0]
    let result = context.results[0]
    let layout = Layout(sizes: operand.sizes, strides: operand.strides)
    let shape = try Shape(result.sizes)
    guard let view = view(of: layout, ValueType(result.elementType, shape)) else {
      throw .invariant("\(name) has no view of \(layout)")
    }
    let size = operand.elementType.byteCount
    copyStrided(
      from: operand.data + view.offset * size, view, to: result.data, itemSize: size)
  }
}

/// Copies a strided array to a row-major one.
public func copyStrided(
  from source: UnsafeRawPointer, _ layout: Layout, to target: UnsafeMutableRawPointer,
  itemSize: Int
) {
  let shape = layout.sizes
  var strides = [Int](repeating: itemSize, count: shape.count)
  var stride = itemSize
  for axis in shape.indices.reversed() {
    strides[axis] = stride
    stride *= max(shape[axis], 1)
  }
  copyStrided(
    from: source, strides: layout.strides.map { $0 * itemSize }, to: target, strides: strides,
    sizes: shape, itemSize: itemSize)
}
