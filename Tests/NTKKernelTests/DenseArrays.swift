import NTKExecution
import NTKKernel
import NTKOperations
import NTKProgram
import XCTest

/// A row-major array of doubles.
struct Dense {
  var sizes: [Int]
  var elements: [Double]

  init(_ sizes: [Int], _ elements: [Double]) {
    self.sizes = sizes
    self.elements = elements
  }

  /// Reproducible numbers between -1 and 1.
  static func random(_ sizes: [Int], _ generator: inout SplitMix) -> Dense {
    Dense(sizes, (0..<sizes.reduce(1, *)).map { _ in generator.next() })
  }

  subscript(index: [Int]) -> Double {
    var flat = 0
    for (size, position) in zip(sizes, index) { flat = flat * size + position }
    return elements[flat]
  }

  func norm() -> Double { elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
struct SplitMix {
  var state: UInt64

  mutating func next() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1
  }
}

/// Runs `body` over arrays of f64 and results; i32 inputs are converted.
func withArrays(
  _ inputTypes: [ValueType], _ inputs: [Dense], _ resultTypes: [ValueType],
  _ body: ([ArrayReference], [ArrayReference]) throws -> Void
) throws -> [Dense] {
  var storage: [UnsafeMutableRawPointer] = []
  defer { for pointer in storage { pointer.deallocate() } }
  func reference(_ type: ValueType) -> ArrayReference {
    let pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(type.byteCount, 1), alignment: 64)
    storage.append(pointer)
    return ArrayReference(data: pointer, type: type)
  }
  let arguments = zip(inputTypes, inputs).map { type, input in
    let array = reference(type)
    for (index, value) in input.elements.enumerated() {
      Literal(value, type.elementType).store(to: array.data + index * type.elementType.byteCount)
    }
    return array
  }
  let results = resultTypes.map(reference)
  try body(arguments, results)
  return zip(resultTypes, results).map { type, array in
    Dense(
      type.shape.sizes,
      (0..<type.shape.elementCount).map {
        Literal(at: array.data + $0 * type.elementType.byteCount, type.elementType).doubleValue
      })
  }
}

/// Runs a program.
func evaluate(_ program: Program, _ inputs: [Dense]) throws -> [Dense] {
  try withArrays(program.inputTypes, inputs, program.outputTypes) {
    try Executable(program).run(inputs: $0, outputs: $1)
  }
}

extension LabelledNetwork {
  /// The sum, term by term: slow, and without any order of contraction.
  func evaluate(_ arrays: [Dense]) -> Dense {
    let labels = self.labels
    func index(_ axis: [Int], _ at: [Int: Int]) -> Int {
      axis.reduce(0) { $0 * sizes[$1] + (at[$1] ?? 0) }
    }
    func size(_ axis: [Int]) -> Int { axis.reduce(1) { $0 * sizes[$1] } }
    let openSizes = open.map(size)
    var result = Dense(openSizes, [Double](repeating: 0, count: openSizes.reduce(1, *)))
    var at: [Int: Int] = [:]
    func holds(_ relation: Relation) -> Bool {
      switch relation {
      case .affine(let target, let terms, let offset):
        index(target, at) == terms.reduce(offset) { $0 + $1.coefficient * (at[$1.label] ?? 0) }
      case .table(let target, let array, let axes):
        Double(index(target, at)) == arrays[array][axes.map { index($0, at) }]
      }
    }
    func visit(_ position: Int) {
      guard position < labels.count else {
        guard relations.allSatisfy(holds) else { return }
        var product = 1.0
        for factor in factors {
          let place = factor.axes.map { index($0, at) }
          switch factor.use {
          case .factor: product *= arrays[factor.array][place]
          case .reciprocalFactor: product /= arrays[factor.array][place]
          case .mask(let value): if arrays[factor.array][place] != Double(value) { return }
          case .scale(let scale): product *= scale
          }
        }
        var flat = 0
        for (axis, size) in zip(open, openSizes) { flat = flat * size + index(axis, at) }
        result.elements[flat] += product
        return
      }
      for value in 0..<sizes[labels[position]] {
        at[labels[position]] = value
        visit(position + 1)
      }
    }
    visit(0)
    return result
  }
}
