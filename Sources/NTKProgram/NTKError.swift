/// What can go wrong, as facts. `status` and `message` say it to a caller.
public indirect enum NTKError: Error, Sendable, Hashable {
  // Arguments
  case argument(String, expected: String, got: String)
  case unknownOperation(String)
  case unknownParameter(String, operation: String)
  case missingParameter(String)
  case parameter(String, expected: String, got: String)
  case operandCount(expected: String, got: Int)
  case axisOutOfRange(Int, rank: Int)
  case repeatedAxis(Int)
  case notAPermutation([Int], rank: Int)
  case unknownValue(Int)
  case notLinear(String)
  case dependsOnMappedInput(output: Int)
  case dependsOnUnnamedInput(String)
  case capturedInputsInBody
  // Shapes
  case negativeSize([Int])
  case rankTooHigh(Int)
  case shapeTooLarge([Int])
  case shapesDiffer([Shape])
  case shape(String, expected: String, got: Shape)
  case sizesDiffer(String, Shape, Shape)
  // Element types
  case elementTypesDiffer([ElementType])
  case elementType(String, expected: String, got: ElementType)
  // Text
  case syntax(String, line: Int, column: Int)
  // The rest
  case bufferTooSmall(needed: Int)
  case unsupported(String)
  case axisNotUntouched(String)
  case outOfMemory(needed: Int, limit: Int?)
  case cancelled
  case stoppedByCallback
  case callbackFailed(String)
  case indexOutOfRange(Int, size: Int)
  case invariant(String)
  case notANumber(operation: String)
  // Context
  case inOperation(String, operands: [ValueType], NTKError)
  case atLine(file: String, line: Int, NTKError)
  case atText(line: Int, column: Int, NTKError)
}

extension NTKError {
  /// The statuses of `ntk.h`, in its order.
  public enum Status: Int32, Sendable {
    case invalidArgument = 1
    case shapeMismatch, dtypeMismatch, syntax, bufferTooSmall, unsupported, outOfMemory
    case cancelled, callback, indexOutOfRange, `internal`, notANumber
  }

  public var status: Status {
    switch self {
    case .argument, .unknownOperation, .unknownParameter, .missingParameter, .parameter,
      .operandCount, .axisOutOfRange, .repeatedAxis, .notAPermutation, .unknownValue, .notLinear,
      .dependsOnMappedInput, .dependsOnUnnamedInput, .capturedInputsInBody:
      .invalidArgument
    case .negativeSize, .rankTooHigh, .shapeTooLarge, .shapesDiffer, .shape, .sizesDiffer:
      .shapeMismatch
    case .elementTypesDiffer, .elementType: .dtypeMismatch
    case .syntax: .syntax
    case .bufferTooSmall: .bufferTooSmall
    case .unsupported, .axisNotUntouched: .unsupported
    case .outOfMemory: .outOfMemory
    case .cancelled: .cancelled
    case .stoppedByCallback, .callbackFailed: .callback
    case .indexOutOfRange: .indexOutOfRange
    case .invariant: .internal
    case .notANumber: .notANumber
    case .inOperation(_, _, let cause), .atLine(_, _, let cause), .atText(_, _, let cause):
      cause.status
    }
  }

  /// Line and column of a syntax error, from 1.
  public var position: (line: Int, column: Int)? {
    switch self {
    case .syntax(_, let line, let column): (line, column)
    case .atText(let line, let column, _): (line, column)
    case .inOperation(_, _, let cause), .atLine(_, _, let cause): cause.position
    default: nil
    }
  }
}

extension NTKError {
  /// The user's line, where it is known.
  public var source: SourceLine? {
    switch self {
    case .atLine(let file, let line, _): SourceLine(file: file, line: line)
    case .inOperation(_, _, let cause), .atText(_, _, let cause): cause.source
    default: nil
    }
  }
}

extension NTKError: CustomStringConvertible {
  public var description: String { message }

  /// One sentence: what was wrong, what it was and what was expected.
  public var message: String {
    switch self {
    case .argument(let name, let expected, let got): "\(name): expected \(expected), got \(got)"
    case .unknownOperation(let name): "no operation is called '\(name)'"
    case .unknownParameter(let name, let operation):
      "\(operation) has no parameter '\(name)'"
    case .missingParameter(let name): "parameter '\(name)' is missing"
    case .parameter(let name, let expected, let got):
      "parameter '\(name)': expected \(expected), got \(got)"
    case .operandCount(let expected, let got): "expected \(expected) operands, got \(got)"
    case .axisOutOfRange(let axis, let rank):
      "axis \(axis) is out of range for an array of rank \(rank)"
    case .repeatedAxis(let axis): "axis \(axis) is named twice"
    case .notAPermutation(let axes, let rank):
      "\(axes) is not a permutation of the \(rank) axes"
    case .unknownValue(let id): "value %\(id) is not defined here"
    case .notLinear(let what): "the program is not linear in the active inputs: \(what)"
    case .dependsOnMappedInput(let output):
      "output \(output) depends on a mapped input, so it needs an out_axis"
    case .dependsOnUnnamedInput(let name):
      "an output depends on input \(name), which is not among the inputs"
    case .capturedInputsInBody: "a nested program must be closed, but it has captured inputs"
    case .negativeSize(let sizes): "a size is negative in \(sizes)"
    case .rankTooHigh(let rank): "rank \(rank) is above the limit of \(Shape.maximumRank)"
    case .shapeTooLarge(let sizes): "an array of shape \(sizes) is too large to address"
    case .shapesDiffer(let shapes):
      "shapes differ: " + shapes.map(\.description).joined(separator: " and ")
    case .shape(let what, let expected, let got):
      "\(what) has shape \(got), expected \(expected)"
    case .sizesDiffer(let what, let a, let b): "\(what) sizes differ, got \(a) and \(b)"
    case .elementTypesDiffer(let types):
      "element types differ: " + types.map(\.name).joined(separator: " and ")
    case .elementType(let what, let expected, let got):
      "\(what) has element type \(got.name), expected \(expected)"
    case .syntax(let what, let line, let column): "line \(line), column \(column): \(what)"
    case .bufferTooSmall(let needed): "the buffer is too small: \(needed) needed"
    case .unsupported(let what): what
    case .axisNotUntouched(let place):
      "the axis is not carried untouched through the program: it ends at \(place)"
    case .outOfMemory(let needed, let limit?):
      "the smallest working set takes \(needed) bytes, but the memory limit is \(limit) bytes"
    case .outOfMemory(let needed, nil): "\(needed) bytes could not be allocated"
    case .cancelled: "the call was cancelled"
    case .stoppedByCallback: "the progress callback asked to stop"
    case .callbackFailed(let name): "the callback '\(name)' failed"
    case .indexOutOfRange(let index, let size):
      "index \(index) is out of range for an axis of size \(size)"
    case .invariant(let what): "internal error: \(what)"
    case .notANumber(let operation):
      "'\(operation)' made a NaN of operands that have none"
    case .inOperation(let name, let operands, let cause):
      "\(name)(" + operands.map(\.description).joined(separator: ", ") + "): \(cause.message)"
    case .atText(let line, let column, let cause):
      "line \(line), column \(column): \(cause.message)"
    case .atLine(let file, let line, let cause): "\(cause.message) (at \(file):\(line))"
    }
  }
}
