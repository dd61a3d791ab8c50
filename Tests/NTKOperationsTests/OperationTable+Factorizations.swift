import NTKOperations
import NTKProgram

private let squareTypes = [
  type(.f64, 3, 3), type(.f64, 1, 1), type(.f64, 0, 0), type(.f64, 2, 2, 2),
  type(.f64, 0, 2, 2), type(.f64, 2, 0, 0), type(.f32, 2, 2),
]

private let wideTypes = [
  type(.f64, 2, 3), type(.f64, 1, 2), type(.f64, 0, 2), type(.f64, 2, 2, 3), type(.f32, 2, 3),
]

private let tallTypes = [
  type(.f64, 3, 2), type(.f64, 2, 1), type(.f64, 2, 0), type(.f64, 2, 3, 1), type(.f32, 3, 2),
]

private func rows(_ primitive: any Primitive, _ types: [ValueType]) -> [OperationCase] {
  types.map { OperationCase(primitive, [$0], [.dominant]) }
}

let factorizationTable: [OperationCase] = {
  var table: [OperationCase] = []
  for operation in [Cholesky(), Eigh(), Eigh(isLower: false), Det(), Slogdet()] as [any Primitive] {
    table += rows(operation, squareTypes)
  }
  for operation in [
    Lu(), Qr(isFull: false), Svd(isFull: true, hasVectors: false),
  ] as [any Primitive] {
    table += rows(operation, squareTypes + wideTypes + tallTypes)
  }
  // Of wide matrices in f32 the second derivative, a difference of projections over singular values,
  // has lost more digits than the laws of f32 allow.
  table += rows(
    Svd(isFull: false), squareTypes + wideTypes.filter { $0.elementType == .f64 } + tallTypes)
  table += rows(Qr(isFull: true), squareTypes + wideTypes)
  table += rows(Svd(isFull: true), squareTypes)
  for matrix in squareTypes + wideTypes + tallTypes {
    let cutoff = try! ValueType(matrix.elementType, Array(matrix.shape.sizes.dropLast(2)))
    table.append(OperationCase(Pinv(), [matrix, cutoff], [.dominant, .small]))
  }
  // Rows that change places.
  table.append(OperationCase(Lu(), [type(.f64, 4, 4)]))
  table.append(OperationCase(Det(), [type(.f64, 4, 4)]))
  table.append(OperationCase(Slogdet(), [type(.f64, 2, 4, 4)]))
  return table + systemTable
}()

/// Operations whose derivative is refused.
let underivedTable: [OperationCase] =
  rows(Qr(isFull: true), tallTypes.filter { $0.shape.elementCount > 0 })
  + rows(Svd(isFull: true), (wideTypes + tallTypes).filter { $0.shape.elementCount > 0 })

private let systemTable: [OperationCase] = {
  var table: [OperationCase] = []
  let left = [
    (type(.f64, 3, 3), type(.f64, 3, 2)), (type(.f64, 1, 1), type(.f64, 1, 3)),
    (type(.f64, 0, 0), type(.f64, 0, 2)), (type(.f64, 2, 2), type(.f64, 2, 0)),
    (type(.f64, 2, 2, 2), type(.f64, 2, 2, 1)), (type(.f64, 0, 2, 2), type(.f64, 0, 2, 1)),
    (type(.f32, 2, 2), type(.f32, 2, 1)),
  ]
  for (a, b) in left {
    for isTransposed in [false, true] {
      table.append(
        OperationCase(LinearSolve(isTransposed: isTransposed), [a, b], [.dominant, .any]))
    }
  }
  for bits in 0..<16 {
    let solve = TriangularSolve(
      isLeft: bits & 1 == 1, isLower: bits & 2 != 0, isTransposed: bits & 4 != 0,
      isUnit: bits & 8 != 0)
    let isLeft = bits & 1 == 1
    let b = isLeft ? type(.f64, 3, 2) : type(.f64, 2, 3)
    table.append(OperationCase(solve, [type(.f64, 3, 3), b], [.dominant, .any]))
    guard bits < 2 || bits == 14 else { continue }
    for (a, b) in left.dropFirst() {
      let sizes = b.shape.sizes
      let side = Array(sizes.dropLast(2)) + [sizes[sizes.count - 1], sizes[sizes.count - 2]]
      table.append(
        OperationCase(
          solve, [a, isLeft ? b : try! ValueType(b.elementType, side)], [.dominant, .any]))
    }
  }
  return table
}()

let fourierTable: [OperationCase] = {
  var table: [OperationCase] = []
  func add(_ kind: Fft.Kind, _ lengths: [Int], _ type: ValueType) {
    let count = kind == .rfft ? 1 : 2
    table.append(
      OperationCase(
        Fft(kind, lengths), [ValueType](repeating: type, count: count), step: .one))
  }
  // Powers of two, other small primes, a prime that takes a convolution.
  for length in [0, 1, 2, 3, 4, 5, 6, 8, 12, 15, 23] {
    add(.fft, [length], type(.f64, length))
    add(.ifft, [length], type(.f64, length))
    add(.rfft, [length], type(.f64, length))
    add(.irfft, [length], type(.f64, length == 0 ? 0 : length / 2 + 1))
  }
  for element in [ElementType.f64, .f32] {
    add(.fft, [2, 3], type(element, 2, 2, 3))
    add(.ifft, [3, 2], type(element, 3, 2))
    add(.rfft, [3, 4], type(element, 2, 3, 4))
    add(.irfft, [3, 4], type(element, 3, 3))
    add(.irfft, [2, 2, 5], type(element, 2, 2, 3))
  }
  add(.rfft, [3], type(.f64, 0, 3))
  add(.fft, [2, 0], type(.f64, 2, 0))
  return table
}()
