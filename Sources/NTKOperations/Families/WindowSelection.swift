import CVectorLoops
import NTKProgram
import NTKRuntime

/// Which element of a window is chosen: the first of the greatest, or of the least. Where one is
/// NaN, the next takes its place, as nothing compares with it.
public enum WindowChoice: String, Hashable, Sendable, ParameterRepresentable {
  case ge
  case le

  public static var parameterKind: String { "\"ge\" or \"le\"" }
  public var parameterValue: ParameterValue { .string(rawValue) }
  public static func from(_ value: ParameterValue) -> WindowChoice? {
    String.from(value).flatMap(WindowChoice.init(rawValue:))
  }
}

/// A value moved along what is chosen of each window of another operand: linear in the first operand,
/// given the second. The derivative by the second is 0.
public protocol WindowSelection: LinearInOperands {
  /// The selection that goes the other way.
  associatedtype Transpose: WindowSelection
  var windows: WindowParameters { get set }
  var choice: WindowChoice { get set }
}

extension WindowSelection {
  public init(_ windows: WindowParameters, _ choice: WindowChoice) {
    self.init()
    self.windows = windows
    self.choice = choice
  }

  public mutating func code(_ coder: inout ParameterCoder) throws(NTKError) {
    try coder.code("select_prim", &choice)
    try windows.code(&coder)
  }

  func check(_ operands: [ValueType]) throws(NTKError) {
    try operands.expect(count: 2)
    let type = try expectOneElementType(operands.map(\.elementType))
    guard type.isFloating else {
      throw .elementType("operand 0", expected: "a floating type", got: type)
    }
  }

  public func axisFlow(_ operands: [ValueType]) throws(NTKError) -> AxisFlow {
    windows.axisFlow(operands[1].shape, operandCount: 2)
  }

  public func resized(
    _ operands: [ValueType], results: [ValueType]
  ) throws(NTKError) -> Self { self }

  public func batched(
    _ operands: [Value], axes: [Int?], size: Int, in b: inout ProgramBuilder
  ) throws(NTKError) -> (results: [Value], axes: [Int?]) {
    let (aligned, axis) = try b.alignBatch(operands, axes, size: size)
    return (try b.apply(Self(windows.inserting(at: axis), choice), aligned), [axis])
  }

  public func isLinear(known: [Bool]) -> Bool { !known[0] && known[1] }

  public func jvp(
    _ operands: [Value], _ tangents: [Value?], results: [Value], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let tangent = tangents[0] else { return [nil] }
    return [try b.one(self, tangent, operands[1])]
  }

  public func transposed(
    _ cotangents: [Value?], _ operands: [Operand], in b: inout ProgramBuilder
  ) throws(NTKError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    guard let array = operands[1].value else {
      throw .notLinear("'\(name)' in what it selects by")
    }
    return [try b.one(Transpose(windows, choice), cotangent, array), nil]
  }

  public func form(of operand: Int, _ operands: [ValueType]) throws(NTKError) -> LinearForm? { nil }

  public var evaluation: EvaluationTraits { .anyStrides }

  public func scratchByteCount(
    _ operands: [ValueType], layouts: [Layout]
  ) throws(NTKError) -> Int {
    try WindowChooser.scratchByteCount(windows.axes(operands[1].shape))
  }
}

/// Finds what the windows of an array choose, a row of positions at a time.
struct WindowChooser {
  private let axes: [WindowAxis]
  private let array: ArrayReference
  private let loop: ntk_window_choose_loop
  private let sign: Int32
  /// Coordinates on all axes, for each entry of the window.
  private let places: UnsafeMutablePointer<Int>
  /// The axis of a row of positions; nil: a row is one position.
  let row: Int?
  let entries: Int

  static func scratchByteCount(_ axes: [WindowAxis]) throws(NTKError) -> Int {
    let entries = axes.reduce(1) { $0 * $1.window }
    return try Shape([entries, axes.count, MemoryLayout<Int>.stride]).elementCount
  }

  init?(
    _ axes: [WindowAxis], _ choice: WindowChoice, _ array: ArrayReference,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let loop = ntk_find_window_choose_loop(array.elementType.loop) else { return nil }
    self.loop = loop
    self.array = array
    sign = choice == .ge ? 1 : -1
    self.axes = axes.map(\.normalized)
    let rank = axes.count
    row = rank > 0 && self.axes[rank - 1].baseDilation == 1 ? rank - 1 : nil
    entries = axes.reduce(1) { $0 * $1.window }
    places = scratch.assumingMemoryBound(to: Int.self)
    for entry in 0..<entries {
      var rest = entry
      for axis in (0..<rank).reversed() {
        places[entry * rank + axis] = rest % axes[axis].window * self.axes[axis].dilation
        rest /= axes[axis].window
      }
    }
  }

  /// The axes of the result outside of a row.
  var outer: Range<Int> { 0..<(row ?? axes.count) }

  /// How far apart, in an array of the operand's shape, one entry of neighbours in a row stands.
  func rowStep(_ strides: [Int]) -> Int { row.map { axes[$0].stride &* strides[$0] } ?? 0 }

  /// For `count` positions of a row from `first` on, which entry of its window each chooses
  /// (negative: none), and where each entry of the first window stands in an array of the operand's
  /// shape with the given strides.
  func choose(
    _ position: [Int], first: Int, count: Int, strides: [Int],
    _ best: UnsafeMutableRawPointer, _ which: UnsafeMutablePointer<Int32>,
    _ offsets: UnsafeMutablePointer<Int>
  ) {
    let rank = axes.count
    let itemSize = array.elementType.byteCount
    let step = rowStep(array.strides)
    which.update(repeating: -1, count: count)
    for entry in 0..<entries {
      var offset = 0
      var other = 0
      var isInside = true
      for axis in outer {
        let (dilation, coordinate) = (axes[axis].baseDilation, places[entry * rank + axis])
        let at = axes[axis].stride * position[axis] + coordinate - axes[axis].low
        let element = dilation == 1 ? at : at / dilation
        isInside =
          isInside && at >= 0 && element < axes[axis].size && element * dilation == at
        // Offsets may wrap around: those of elements that are inside come out right.
        offset &+= element &* array.strides[axis]
        other &+= element &* strides[axis]
      }
      guard isInside else { continue }
      var (begin, end) = (0, count)
      if let row {
        let axis = axes[row]
        let at = axis.stride * first + places[entry * rank + row] - axis.low
        begin = at < 0 ? min((-at - 1) / axis.stride + 1, count) : 0
        let room = axis.size - at
        end = room > 0 ? min((room - 1) / axis.stride + 1, count) : 0
        offset &+= at &* array.strides[row]
        other &+= at &* strides[row]
      }
      offsets[entry] = other
      guard begin < end else { continue }
      loop(
        best + begin * itemSize, which + begin, array.data + (offset &+ begin &* step) &* itemSize,
        step, Int32(truncatingIfNeeded: entry), sign, end - begin)
    }
  }
}

/// What a row of positions has chosen: position i stands at `place + i * placeStep` in an array of
/// the result's shape; if `which[i]` is an entry, that stands at `offsets[which[i]] + i *
/// elementStep` in one of the operand's shape.
struct ChosenRow {
  let count: Int
  let place: Int
  let placeStep: Int
  let which: UnsafeMutablePointer<Int32>
  let offsets: UnsafeMutablePointer<Int>
  let elementStep: Int

  /// Calls `move` with the position's offset and, of what it has chosen, the element's.
  @inline(__always)
  func visit(_ move: (Int, Int?) -> Void) {
    for index in 0..<count {
      let entry = Int(which[index])
      move(
        place + index * placeStep, entry < 0 ? nil : offsets[entry] &+ index &* elementStep)
    }
  }
}

extension WindowSelection {
  /// Calls `move` for all rows of positions, with the strides of the array that has the positions
  /// and of the one that has the elements. Calls in different threads share no element if
  /// `sharesElements`.
  func forEachRow(
    _ array: ArrayReference, positions: [Int], positionStrides: [Int], elementStrides: [Int],
    scratch: UnsafeMutableRawPointer?, sharesElements: Bool, _ move: (ChosenRow) -> Void
  ) throws(NTKError) {
    let axes = windows.axes(try Shape(array.sizes))
    guard let scratch else { throw .invariant("\(name) was given no scratch memory") }
    guard let chooser = WindowChooser(axes, choice, array, scratch: scratch) else {
      throw .invariant("\(name) has no loop for \(array.elementType.name)")
    }
    let outer = chooser.outer
    let rowLength = chooser.row.map { positions[$0] } ?? 1
    let placeStep = chooser.row.map { positionStrides[$0] } ?? 0
    // Where elements are shared, windows that overlap stay in one thread.
    var free = outer.count
    var rowIsFree = true
    if sharesElements {
      free = outer.first { !axes[$0].isUntouched } ?? outer.count
      rowIsFree = chooser.row.map { axes[$0].isUntouched } ?? true
    }
    let piece = rowIsFree ? min(rowLength, 256) : rowLength
    let pieces = (rowLength - 1) / piece + 1
    let together = positions[free..<outer.count].reduce(1, *)
    let tasks = positions[..<free].reduce(1, *) * pieces
    let work = Double(together) * Double(piece) * Double(chooser.entries)
    let grain = work > 0 ? Int(min(max(Double(1 << 15) / work, 1), 1e6)) : 1
    let elementStep = chooser.rowStep(elementStrides)
    let size = array.elementType.byteCount
    let tableByteCount = chooser.entries * MemoryLayout<Int>.stride
    ThreadPool.forEachRange(tasks, grain: grain) { range in
      var position = [Int](repeating: 0, count: outer.count)
      withUnsafeTemporaryAllocation(
        byteCount: tableByteCount + piece * (size + MemoryLayout<Int32>.stride), alignment: 64
      ) { memory in
        guard let offsets = memory.baseAddress else { return }
        let best = offsets + tableByteCount
        let which = (best + piece * size).assumingMemoryBound(to: Int32.self)
        for task in range {
          let first = task % pieces * piece
          for item in 0..<together {
            var rest = task / pieces * together + item
            var place = first * placeStep
            for axis in outer.reversed() {
              position[axis] = rest % positions[axis]
              rest /= positions[axis]
              place += position[axis] * positionStrides[axis]
            }
            let row = ChosenRow(
              count: min(piece, rowLength - first), place: place, placeStep: placeStep,
              which: which, offsets: offsets.assumingMemoryBound(to: Int.self),
              elementStep: elementStep)
            chooser.choose(
              position, first: first, count: row.count, strides: elementStrides, best, which,
              row.offsets)
            move(row)
          }
        }
      }
    }
  }
}
