import NTKProgram

/// What the operations that call a function of the caller have in common.
struct CallbackSignature: Sendable {
  /// The name that the functions are registered under.
  var name = ""
  var shapes: [[Int]] = []
  var elementTypes: [ElementType] = []
  /// How the function is mapped: as `jax.pure_callback`'s option; empty: not at all.
  var vmapMethod = ""
  /// Whether jvp and vjp are registered beside the value.
  var hasDerivatives = false
  /// The functions registered when this was made; nil: looked up when it runs.
  private(set) var functions: CallbackFunctions?

  private static let methods = [
    "", "sequential", "sequential_unrolled", "expand_dims", "broadcast_all", "legacy_vectorized",
  ]

  init() {}

  init(
    _ name: String, results: [ValueType], vmapMethod: String = "", hasDerivatives: Bool = false
  ) {
    self.name = name
    shapes = results.map(\.shape.sizes)
    elementTypes = results.map(\.elementType)
    self.vmapMethod = vmapMethod
    self.hasDerivatives = hasDerivatives
    functions = CallbackRegistry.functions(named: name)
  }

  mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("callback", &name)
    try coder.code("shapes", &shapes)
    try coder.code("dtypes", &elementTypes)
    try coder.code("vmap_method", &vmapMethod, default: "")
    try coder.code("has_derivatives", &hasDerivatives, default: false)
    if functions == nil { functions = CallbackRegistry.functions(named: name) }
  }

  /// The types of the callback's results.
  func results() throws(NTKError) -> [ValueType] {
    guard shapes.count == elementTypes.count else {
      throw .parameter(
        "dtypes", expected: "one for each of \(shapes.count) shapes", got: "\(elementTypes.count)")
    }
    guard CallbackSignature.methods.contains(vmapMethod) else {
      throw .parameter(
        "vmap_method", expected: "one of \(CallbackSignature.methods.dropFirst())",
        got: "'\(vmapMethod)'")
    }
    var types: [ValueType] = []
    for (sizes, type) in zip(shapes, elementTypes) { types.append(try ValueType(type, sizes)) }
    return types
  }

  /// Runs one of the functions.
  func call(
    _ which: KeyPath<CallbackFunctions, CallbackFunctions.Function?> & Sendable, _ what: String,
    _ context: EvaluationContext
  ) throws(NTKError) {
    guard let functions = functions ?? CallbackRegistry.functions(named: name) else {
      throw .argument("callback", expected: "a registered name", got: "'\(name)'")
    }
    guard let function = functions[keyPath: which] else {
      throw .unsupported("the callback '\(name)' was registered without \(what)")
    }
    guard function(context.operands, context.results) else { throw .callbackFailed(name) }
  }

  /// The operation mapped: by a loop, or by one call with an axis in front.
  func batched(
    _ primitive: some Primitive, _ operands: [Value], _ axes: [Int?], size: Int,
    in b: inout ProgramBuilder, withResults: (CallbackSignature) -> any Primitive
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    switch vmapMethod {
    case "":
      throw .unsupported(
        "vmap of the callback '\(name)': say how by vmap_method, \"sequential\", \"expand_dims\" or "
          + "\"broadcast_all\"")
    case "sequential", "sequential_unrolled":
      let order = axes.indices.filter { axes[$0] == nil } + axes.indices.filter { axes[$0] != nil }
      let moved = try b.withAxisInFront(operands, axes)
      var types: [ValueType] = []
      for index in order {
        let type = b.type(of: moved[index])
        types.append(axes[index] == nil ? type : type.with(type.shape.removing([0])))
      }
      let body = try Program.build(types) { b, inputs throws(NTKError) in
        var given = inputs
        for (place, index) in order.enumerated() { given[index] = inputs[place] }
        return try b.apply(primitive, given)
      }
      let loop = Scan(
        body, length: size, constCount: axes.filter { $0 == nil }.count, carryCount: 0)
      let results = try b.apply(loop, order.map { moved[$0] })
      return (results, results.map { _ in 0 })
    default:
      var new = self
      new.shapes = shapes.map { [size] + $0 }
      // A derivative's tangents and operands are mapped together.
      let isWhole = vmapMethod == "broadcast_all" || hasDerivatives
      var given: [Value] = []
      for (operand, axis) in zip(operands, axes) {
        if axis == nil && !isWhole {
          given.append(
            vmapMethod == "legacy_vectorized"
              ? operand : try b.broadcast(operand, inserting: 1, at: 0))
        } else {
          given.append(try b.atBatchAxis(operand, axis, 0, size: size))
        }
      }
      let results = try b.apply(withResults(new), given)
      return (results, results.map { _ in 0 })
    }
  }
}

// The functions follow from the name.
extension CallbackSignature: Hashable {
  static func == (a: CallbackSignature, b: CallbackSignature) -> Bool {
    a.name == b.name && a.shapes == b.shapes && a.elementTypes == b.elementTypes
      && a.vmapMethod == b.vmapMethod && a.hasDerivatives == b.hasDerivatives
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(shapes)
    hasher.combine(elementTypes)
  }
}
