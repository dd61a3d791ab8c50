import CVectorLoops

/// 0, 1, 2, ... along one axis, repeated along the others.
public struct Iota: Creation {
  public static let name = "iota"
  public private(set) var dtype = ElementType.i32
  public private(set) var shape: [Int] = [0]
  public private(set) var dimension = 0

  public init() {}

  public init(_ dtype: ElementType, _ shape: [Int], dimension: Int) {
    self.dtype = dtype
    self.shape = shape
    self.dimension = dimension
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("dtype", &dtype)
    try coder.code("shape", &shape)
    try coder.code("dimension", &dimension)
  }

  public var resultType: ValueType {
    get throws(NTKError) {
      let shape = try Shape(shape)
      guard shape.indices.contains(dimension) else {
        throw .axisOutOfRange(dimension, rank: shape.rank)
      }
      guard dtype != .bool else { throw .elementType("dtype", expected: "a number", got: dtype) }
      return ValueType(dtype, shape)
    }
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    AxisFlow(repeated: shape.indices.filter { $0 != dimension }.map { AxisReference(0, $0) })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Iota {
    Iota(dtype, results[0].shape.sizes, dimension: dimension)
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    guard let loop = ntk_find_iota_loop(dtype.loop) else {
      throw .invariant("iota has no loop for \(dtype.name)")
    }
    let result = context.results[0]
    let inner = shape[(dimension + 1)...].reduce(1, *)
    let outer = shape[..<dimension].reduce(1, *)
    let size = dtype.byteCount
    guard result.elementCount > 0 else { return }
    // One run of the axis, then copies of it.
    let run = inner * shape[dimension]
    if inner == 1 {
      loop(result.data, 0, 1, shape[dimension])
    } else {
      for index in 0..<shape[dimension] {
        loop(result.data + index * inner * size, Int64(index), 0, inner)
      }
    }
    for index in 1..<max(outer, 1) {
      (result.data + index * run * size).copyMemory(from: result.data, byteCount: run * size)
    }
  }
}
