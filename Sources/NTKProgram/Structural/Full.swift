import CVectorLoops

/// An array with one value everywhere.
public struct Full: Creation {
  public static let name = "full"
  public private(set) var shape: [Int] = []
  public private(set) var value = Literal.zero(.f32)

  public init() {}

  public init(_ value: Literal, _ shape: Shape) {
    self.value = value
    self.shape = shape.sizes
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    var type = value.elementType
    var literal = value.parameterValue
    try coder.code("shape", &shape)
    try coder.code("value", &literal)
    try coder.code("dtype", &type)
    value = try Literal(literal, type, parameter: "value")
  }

  public var resultType: ValueType {
    get throws(NTKError) { try ValueType(value.elementType, shape) }
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    AxisFlow(repeated: shape.indices.map { AxisReference(0, $0) })
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Full {
    Full(value, results[0].shape)
  }

  public func evaluate(_ context: inout EvaluationContext) throws(NTKError) {
    let result = context.results[0]
    withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { buffer in
      guard let item = buffer.baseAddress else { return }
      value.store(to: item)
      ntk_fill(result.data, item, value.elementType.byteCount, result.elementCount)
    }
  }
}

extension Literal {
  /// As a parameter.
  public var parameterValue: ParameterValue {
    switch elementType {
    case .f32, .f64: .float(doubleValue)
    case .bool: .bool(bits != 0)
    case .i32: .int(Int(Int32(truncatingIfNeeded: bits)))
    case .u64 where bits > UInt64(Int.max): .uint(bits)
    case .i64, .u8, .u32, .u64: .int(Int(Int64(bitPattern: bits)))
    }
  }

  /// From a parameter: any number that the element type holds.
  init(_ value: ParameterValue, _ type: ElementType, parameter: String) throws(NTKError) {
    switch (value, type) {
    case (.bool(let value), .bool): self.init(value ? 1 : 0, type)
    case (.float(let value), .f32), (.float(let value), .f64): self.init(value, type)
    case (.int(let value), .f32), (.int(let value), .f64): self.init(Double(value), type)
    case (.uint(let value), .u64): self.init(value, type)
    case (.int(let value), .i32) where Int32(exactly: value) != nil: self.init(value, type)
    case (.int(let value), .i64): self.init(value, type)
    case (.int(let value), .u8) where UInt8(exactly: value) != nil: self.init(value, type)
    case (.int(let value), .u32) where UInt32(exactly: value) != nil: self.init(value, type)
    case (.int(let value), .u64) where value >= 0: self.init(value, type)
    case (.int(let value), .bool) where value == 0 || value == 1: self.init(value, type)
    default: throw .parameter(parameter, expected: "a value of \(type.name)", got: value.kind)
    }
  }
}
