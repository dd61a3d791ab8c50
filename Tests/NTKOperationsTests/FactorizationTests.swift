import Foundation
import NTKOperations
import NTKProgram
import XCTest

/// What the laws of the table do not reach: derivatives that are refused, matrices that have no
/// factorization, sizes that fit nowhere.
final class FactorizationTests: XCTestCase {
  func testUnderived() throws {
    for row in underivedTable {
      let subject = try Subject(row)
      _ = try checkVMapLaw(subject, seed: 1)
      _ = try checkTextLaw(subject)
      _ = try checkExecutionLaw(subject, seed: 2)
      _ = try checkSimplifyLaw(subject, seed: 3)
      let sample = EquationSample(primitive: row.primitive, operands: subject.inputs(4))
      _ = try checkEvaluationLaw(sample)
      _ = try checkAxisFlowLaw(sample)
      XCTAssertThrowsError(try subject.jvp(), "\(row)") { error in
        XCTAssertEqual((error as? NTKError)?.status, .unsupported, "\(error)")
      }
    }
  }

  private let operations: [any Primitive] = [
    Cholesky(), Eigh(), Det(), Slogdet(), Lu(), Qr(isFull: false), Qr(isFull: true),
    Svd(isFull: false), Svd(isFull: true), Svd(isFull: true, hasVectors: false),
  ]

  /// Whatever the numbers, in whichever place: results, and nothing else of the batch changes.
  func testBadMatrices() throws {
    for n in [1, 2, 5, 9] {
      let good = OperationCase.Domain.dominant
      for bad in [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, 0] {
        for element in [ElementType.f32, .f64] {
          let type = try ValueType(element, [3, n, n])
          var generator = Generator(seed: 7)
          let plain = good.array(type, &generator)
          for place in Set([0, n * n - 1, n * n / 2]) {
            var changed = plain
            if bad == 0 {
              for index in 0..<(n * n) { changed.values[n * n + index] = 0 }
            } else {
              changed.values[n * n + place] = bad
            }
            for operation in operations {
              let expected = try evaluate(operation, [plain])
              let got = try evaluate(operation, [changed])
              for (x, y) in zip(got, expected) {
                let part = x.values.count / 3
                for index in x.values.indices where index / max(part, 1) != 1 {
                  XCTAssertEqual(x.values[index], y.values[index], "\(operation)")
                }
                if bad.isNaN, x.type.isFloating, !(operation is Qr || operation is Lu) {
                  let own = x.values[part..<(2 * part)]
                  XCTAssertTrue(
                    operation is Slogdet ? true : own.contains { $0.isNaN }, "\(operation) \(own)")
                }
              }
            }
            let side = plain
            for operation in [LinearSolve(), TriangularSolve()] as [any Primitive] {
              _ = try evaluate(operation, [changed, side])
              _ = try evaluate(operation, [side, changed])
            }
          }
        }
      }
    }
  }

  func testShapes() throws {
    let square: [any Primitive] = [Cholesky(), Eigh(), Det(), Slogdet()]
    for operation in operations {
      for bad in [type(.f64), type(.f64, 3), type(.i32, 2, 2)] {
        XCTAssertThrowsError(try operation.resultTypes([bad]))
      }
      XCTAssertThrowsError(try operation.resultTypes([]))
    }
    for operation in square {
      XCTAssertThrowsError(try operation.resultTypes([type(.f64, 2, 3)]))
    }
    for operation in [LinearSolve(), TriangularSolve(isLeft: true, isLower: true)]
      as [any Primitive]
    {
      for (a, b) in [
        (type(.f64, 2, 3), type(.f64, 2, 2)), (type(.f64, 2, 2), type(.f64, 3, 2)),
        (type(.f64, 2, 2), type(.f32, 2, 2)), (type(.f64, 2, 2), type(.f64, 2)),
        (type(.f64, 4, 2, 2), type(.f64, 3, 2, 2)),
      ] { XCTAssertThrowsError(try operation.resultTypes([a, b])) }
    }
    for (kind, lengths, types) in [
      (Fft.Kind.fft, [3], [type(.f64, 3)]), (.fft, [], [type(.f64, 3), type(.f64, 3)]),
      (.rfft, [4], [type(.f64, 3)]), (.irfft, [4], [type(.f64, 4), type(.f64, 4)]),
      (.rfft, [-1], [type(.f64, 3)]), (.rfft, [3], [type(.i32, 3)]),
      (.rfft, [3, 3], [type(.f64, 3)]), (.fft, [3], [type(.f64, 3), type(.f32, 3)]),
    ] { XCTAssertThrowsError(try Fft(kind, lengths).resultTypes(types)) }
  }

  /// Sizes that LAPACK cannot count are refused, without a trap.
  func testAbsurdSizes() throws {
    let most = 1 << 57
    for type in [type(.f64, most, 1), type(.f64, 1, most), type(.f64, 1 << 28, 1 << 28)] {
      for operation in operations {
        guard (try? operation.resultTypes([type])) != nil else { continue }
        _ = try? operation.scratchByteCount([type], layouts: [Layout(type.shape)])
      }
    }
    for type in [type(.f64, 0, most), type(.f64, most, 0)] {
      for operation in operations {
        guard (try? operation.resultTypes([type])) != nil else { continue }
        XCTAssertEqual(try operation.scratchByteCount([type], layouts: [Layout(type.shape)]), 0)
      }
    }
    XCTAssertThrowsError(
      try Fft(.rfft, [most]).resultTypes([type(.f64, most)]))
  }

  /// Long transforms against the sum itself, at a few places.
  func testLongTransforms() throws {
    for length in [1 << 12, 3 * 5 * 7 * 11, 19 * 17, 1009, 4 * 23 * 29] {
      let type = try ValueType(.f64, [length])
      var generator = Generator(seed: UInt64(length))
      let x = OperationCase.Domain.any.array(type, &generator)
      let y = OperationCase.Domain.any.array(type, &generator)
      let got = try evaluate(Fft(.fft, [length]), [x, y])
      let norm = (x.values + y.values).map { $0 * $0 }.reduce(0, +).squareRoot()
      for k in [0, 1, length / 3, length - 1] {
        var (re, im) = (0.0, 0.0)
        for j in 0..<length {
          let angle = -2 * Double.pi * Double(j * k % length) / Double(length)
          let (a, b) = (cos(angle), sin(angle))
          re += a * x.values[j] - b * y.values[j]
          im += a * y.values[j] + b * x.values[j]
        }
        XCTAssertEqual(got[0].values[k], re, accuracy: 1e-13 * norm)
        XCTAssertEqual(got[1].values[k], im, accuracy: 1e-13 * norm)
      }
    }
  }
}
