/// An array written in the program: a Python literal, a static mask, a list of indices.
public struct Constant: Creation {
  public static let name = "constant"
  public private(set) var data: DenseArray

  public init() { data = DenseArray.empty }
  public init(_ data: DenseArray) { self.data = data }

  // Short arrays are lists in the text, long ones stand at its head by name.
  private static let longestList = 16

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    var dtype = data.type.elementType
    var shape = data.type.shape.sizes
    let count = data.type.shape.elementCount
    var elements =
      count <= Constant.longestList
      ? ParameterValue.list((0..<count).map { data[$0].parameterValue }) : .data(data)
    try coder.code("dtype", &dtype)
    try coder.code("shape", &shape)
    try coder.code("data", &elements)
    let type = try ValueType(dtype, shape)
    switch elements {
    case .data(let array) where array.type == type: data = array
    case .list(let values) where values.count == type.shape.elementCount:
      var bytes: [UInt8] = []
      for value in values {
        let literal = try Literal(value, dtype, parameter: "data")
        withUnsafeBytes(of: literal.bits.littleEndian) {
          bytes.append(contentsOf: $0.prefix(dtype.byteCount))
        }
      }
      data = try DenseArray(type, bytes: bytes)
    default: throw .parameter("data", expected: "the elements of \(type)", got: elements.kind)
    }
  }

  public var resultType: ValueType { data.type }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow { .opaque }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Constant {
    guard results[0].shape == data.type.shape else {
      throw .axisNotUntouched("a constant array of shape \(data.type.shape)")
    }
    return self
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let result = context.results[0]
    data.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      result.data.copyMemory(from: base, byteCount: bytes.count)
    }
  }

  // One value everywhere is a `full`.
  public func simplified(
    _ operands: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value]? {
    guard data.type.shape.elementCount == 1 else { return nil }
    return [try b.full(data[0], data.type.shape)]
  }
}

extension DenseArray {
  static let empty = DenseArray(uncheckedEmpty: ())

  private init(uncheckedEmpty: ()) {
    type = ValueType(.u8, Shape.empty)
    bytes = []
  }
}
