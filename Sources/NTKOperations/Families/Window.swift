import NTKProgram

/// How windows lie over one axis: position p of the result and entry w of the window meet element h
/// of the operand where
///
///     baseDilation · h = stride · p + dilation · w - low
struct WindowAxis: Hashable, Sendable {
  var size: Int
  var window: Int
  var stride = 1
  var low = 0
  var high = 0
  var baseDilation = 1
  var dilation = 1

  /// Elements that the operand, or the window, spans with what lies between.
  private static func span(_ size: Int, _ dilation: Int) -> Int? {
    guard size > 1 else { return max(size, 0) }
    let (gaps, overflow) = dilation.multipliedReportingOverflow(by: size - 1)
    return overflow || gaps >= Shape.sizeLimit ? nil : gaps + 1
  }

  var operandSpan: Int { WindowAxis.span(size, baseDilation) ?? Shape.sizeLimit }
  var windowSpan: Int { WindowAxis.span(window, dilation) ?? Shape.sizeLimit }

  /// The number of positions.
  var positions: Int {
    let room = operandSpan + low + high - windowSpan
    return room < 0 ? 0 : room / stride + 1
  }

  /// - Throws: `.parameter`, with the names that the operation gives.
  func check(_ number: Int, _ names: WindowParameterNames) throws(NTKError) {
    func positive(_ value: Int, _ name: String) throws(NTKError) {
      guard value >= 1 else {
        throw .parameter(name, expected: "at least 1 on \(names.axis) \(number)", got: "\(value)")
      }
    }
    try positive(stride, "window_strides")
    try positive(baseDilation, names.baseDilation)
    try positive(dilation, names.dilation)
    let limit = Shape.sizeLimit
    guard low > -limit, low < limit, high > -limit, high < limit else {
      throw .parameter("padding", expected: "less than 2⁶⁰", got: "[\(low), \(high)]")
    }
    guard WindowAxis.span(size, baseDilation) != nil else {
      throw .parameter(
        names.baseDilation, expected: "a size below 2⁶⁰ on \(names.axis) \(number)",
        got: "\(baseDilation)")
    }
    guard WindowAxis.span(window, dilation) != nil else {
      throw .parameter(
        names.dilation, expected: "a size below 2⁶⁰ on \(names.axis) \(number)", got: "\(dilation)")
    }
    guard operandSpan + low + high >= 0 else {
      throw .parameter(
        "padding", expected: "a padded size of at least 0 on \(names.axis) \(number)",
        got: "[\(low), \(high)] for \(operandSpan) elements")
    }
  }

  /// With distances of single elements, of which there are none, as 1.
  var normalized: WindowAxis {
    var axis = self
    if size <= 1 { axis.baseDilation = 1 }
    if window <= 1 { axis.dilation = 1 }
    if positions <= 1 { axis.stride = 1 }
    return axis
  }

  /// Whether position i is element i, for any size of the axis.
  var isUntouched: Bool {
    window == 1 && stride == 1 && low == 0 && high == 0 && baseDilation == 1
  }

  /// Of the operand, given the result: windows that read, at each element, the positions that read
  /// it, the window's entries from the last.
  func transposed(_ positions: Int) -> WindowAxis {
    var axis = WindowAxis(size: positions, window: window)
    axis.stride = baseDilation
    axis.baseDilation = stride
    axis.dilation = dilation
    axis.low = windowSpan - 1 - low
    let span = WindowAxis.span(positions, stride) ?? Shape.sizeLimit
    axis.high = operandSpan + windowSpan - 1 - span - axis.low
    return axis
  }

  /// Of the window, given the result: windows over the operand whose entries are the positions.
  func transposedByWindow(_ positions: Int) -> WindowAxis {
    var axis = WindowAxis(size: size, window: positions)
    axis.stride = dilation
    axis.baseDilation = baseDilation
    axis.dilation = stride
    axis.low = low
    let span = WindowAxis.span(positions, stride) ?? Shape.sizeLimit
    axis.high = windowSpan - 1 - low - operandSpan + span
    return axis
  }
}

struct WindowParameterNames {
  /// What an axis is called.
  let axis: String
  let baseDilation: String
  let dilation: String
}

extension LinearForm {
  /// Labels of an axis of windows: of the operand, the window and the result; nil if one relation
  /// cannot say it.
  mutating func addWindow(_ original: WindowAxis) -> (operand: Int, window: Int, result: Int)? {
    let axis = original.normalized
    let positions = original.positions
    func add(_ size: Int) -> Int {
      labels.append(size)
      return labels.count - 1
    }
    let p = add(positions)
    let w = add(axis.window)
    if axis.window == 1, axis.stride == 1, axis.low == 0, axis.baseDilation == 1,
      axis.size == positions
    {
      return (p, w, p)
    }
    let h = add(axis.size)
    if axis.baseDilation == 1 {
      relations.append(
        .affine(
          target: h, terms: [.init(p, axis.stride), .init(w, axis.dilation)], offset: -axis.low))
    } else if axis.stride == 1 {
      relations.append(
        .affine(
          target: p, terms: [.init(h, axis.baseDilation), .init(w, -axis.dilation)],
          offset: axis.low))
    } else if axis.dilation == 1 {
      relations.append(
        .affine(
          target: w, terms: [.init(h, axis.baseDilation), .init(p, -axis.stride)],
          offset: axis.low))
    } else {
      return nil
    }
    return (h, w, p)
  }
}
