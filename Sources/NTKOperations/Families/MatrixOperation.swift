import NTKProgram
import NTKRuntime

/// Shape aspect: works on the matrices that the last two axes of an operand hold, one by one for
/// all leading axes, which all operands and results share.
protocol MatrixOperation: Primitive {
  /// Memory for one matrix of the operands.
  func workspace(_ operands: [ValueType]) -> MatrixWorkspaceSize

  /// About the number of operations on one matrix.
  func work(_ operands: [ValueType]) -> Double

  /// One matrix of each operand to one of each result.
  func evaluateMatrix<T: LAPACKReal>(
    _ operands: [UnsafePointer<T>], _ results: [UnsafeMutableRawPointer], _ types: [ValueType],
    _ workspace: MatrixWorkspace<T>)

  /// The results of matrices without elements.
  func evaluateEmpty(_ results: [ArrayReference])
}

extension MatrixOperation {
  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    let resultCount = try resultTypes(operands).count
    return AxisFlow(
      (0..<(operands[0].rank - 2)).map { axis in
        .init(
          operands: operands.indices.map { AxisReference($0, axis) },
          results: (0..<resultCount).map { AxisReference($0, axis) })
      })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    var leading: [Value] = []
    for (operand, axis) in zip(operands, axes) {
      leading.append(try b.atBatchAxis(operand, axis, 0, size: size))
    }
    let results = try b.apply(self, leading)
    return (results, results.map { _ in 0 })
  }

  func evaluateEmpty(_ results: [ArrayReference]) {}

  private func slots(_ operands: [ValueType]) -> Int {
    MatrixFactorization<Double>.slotCount(operands[0].matrixCount, work: work(operands))
  }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    guard operands[0].shape.elementCount > 0 else { return 0 }
    let size = workspace(operands)
    guard size.isAddressable else {
      throw .unsupported("a matrix of \(operands[0].shape) is too large for LAPACK")
    }
    let (bytes, overflow) = size.byteCount(of: operands[0].elementType.byteCount)
      .multipliedReportingOverflow(by: slots(operands))
    return overflow ? .max : bytes
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    if context.operands[0].elementType == .f32 {
      try evaluate(context, Float.self)
    } else {
      try evaluate(context, Double.self)
    }
  }

  private func evaluate<T: LAPACKReal>(
    _ context: EvaluationContext, _: T.Type
  ) throws(NTKError) {
    var types: [ValueType] = []
    for operand in context.operands {
      types.append(try ValueType(operand.elementType, operand.sizes))
    }
    guard context.results.contains(where: { $0.elementCount > 0 }) else { return }
    guard types[0].shape.elementCount > 0 else { return evaluateEmpty(context.results) }
    let count = types[0].matrixCount
    let size = workspace(types)
    let slotByteCount = size.isAddressable ? size.byteCount(of: MemoryLayout<T>.stride) : 0
    nonisolated(unsafe) let operands = context.operands
    nonisolated(unsafe) let results = context.results
    MatrixFactorization<T>.forEach(
      count, work: work(types), scratch: context.scratch, slotByteCount: slotByteCount
    ) { index, memory in
      guard let memory else { return }
      func part(_ array: ArrayReference) -> UnsafeMutableRawPointer {
        array.data + index * (array.elementCount / count) * array.elementType.byteCount
      }
      evaluateMatrix(
        operands.map { UnsafePointer(part($0).assumingMemoryBound(to: T.self)) },
        results.map(part), types, MatrixWorkspace(size, at: memory))
    }
  }
}

extension ValueType {
  /// Rows and columns of the matrices that the last two axes hold.
  var matrix: (rows: Int, columns: Int) { (shape[rank - 2], shape[rank - 1]) }

  /// How many matrices there are.
  var matrixCount: Int { shape.sizes.dropLast(2).reduce(1, *) }

  /// With other axes in place of the last two.
  func replacingMatrix(
    _ axes: [Int], _ elementType: ElementType? = nil
  ) throws(NTKError) -> ValueType {
    try ValueType(elementType ?? self.elementType, Array(shape.sizes.dropLast(2)) + axes)
  }
}

/// - Throws: `.operandCount`, `.elementType`, `.shape` unless there is one operand of floating
///   matrices.
func expectMatrices(
  _ operands: [ValueType], isSquare: Bool = false
) throws(NTKError) -> ValueType {
  try operands.expect(count: 1)
  try expectMatrix(operands[0], 0, isSquare: isSquare)
  return operands[0]
}

/// - Throws: `.elementType`, `.shape` unless an operand holds floating matrices.
func expectMatrix(
  _ operand: ValueType, _ index: Int, isSquare: Bool = false
) throws(NTKError) {
  guard operand.isFloating else {
    throw .elementType("operand \(index)", expected: "f32 or f64", got: operand.elementType)
  }
  guard operand.rank >= 2 else {
    throw .shape("operand \(index)", expected: "at least two axes", got: operand.shape)
  }
  guard !isSquare || operand.matrix.rows == operand.matrix.columns else {
    throw .shape(
      "operand \(index)", expected: "square matrices in its last two axes", got: operand.shape)
  }
}
