import NTKOperations
import NTKProgram
import XCTest

/// Rows of the table with their parameters and operands changed: every rule gives a result or
/// throws, whatever it is given.
final class FuzzTests: XCTestCase {
  private var random = Generator(seed: 13)
  private let numbers = [0, 1, 2, 3, -1, -2, 5, 31, 32, 1 << 40, Int.max, Int.min, Int.max - 1]

  private func changed(_ value: ParameterValue) -> ParameterValue {
    if random.below(12) == 0 {
      return random.element([
        .none, .int(2), .float(.nan), .bool(true), .string("clip"), .list([]), .elementType(.u8),
        .ints(0, 1),
      ])
    }
    switch value {
    case .int: return .int(random.element(numbers))
    case .list(var values):
      if !values.isEmpty, random.below(2) == 0 {
        let index = random.below(values.count)
        values[index] = changed(values[index])
      } else if !values.isEmpty, random.below(2) == 0 {
        values.remove(at: random.below(values.count))
      } else {
        values.append(values.first ?? .int(random.element(numbers)))
      }
      return .list(values)
    default: return value
    }
  }

  private func changed(_ type: ValueType) -> ValueType {
    var sizes = type.shape.sizes
    let elements = ElementType.allCases
    switch random.below(5) {
    case 0: sizes.append(random.below(3))
    case 1 where !sizes.isEmpty: sizes.removeLast()
    case 2 where !sizes.isEmpty: sizes[random.below(sizes.count)] = random.below(4)
    case 3:
      return type.with(random.element(elements))
    default: break
    }
    return (try? ValueType(type.elementType, sizes)) ?? type
  }

  func testChangedParametersAndOperands() throws {
    var accepted = 0
    var refused = 0
    for row in operationTable {
      for _ in 0..<24 {
        var parameters = Dictionary(
          uniqueKeysWithValues: row.primitive.parameters.map { ($0.name, $0.value) })
        if let name = parameters.keys.sorted().randomElement(using: &random) {
          parameters[name] = parameters[name].map { changed($0) }
        }
        var types = row.types
        if !types.isEmpty, random.below(3) == 0 {
          let index = random.below(types.count)
          types[index] = changed(types[index])
        }
        if random.below(16) == 0 { types.append(type(.f64)) }
        if random.below(16) == 0, !types.isEmpty { types.removeLast() }
        do throws(NTKError) {
          let primitive = try Swift.type(of: row.primitive).init(parameters: parameters)
          try exercise(primitive, types)
          accepted += 1
        } catch {
          XCTAssertFalse(error.message.isEmpty)
          XCTAssertNotEqual(error.status, .internal, error.message)
          refused += 1
        }
      }
    }
    report("fuzz: \(accepted) accepted, \(refused) refused")
    XCTAssertGreaterThan(accepted, 1000)
    XCTAssertGreaterThan(refused, 1000)
  }

  /// All rules of an operation, on operands that fit.
  private func exercise(_ primitive: any Primitive, _ types: [ValueType]) throws(NTKError) {
    let results = try primitive.resultTypes(types)
    guard (types + results).allSatisfy({ $0.shape.elementCount <= 4096 }) else { return }
    let program = try Program.build(types) { b, operands throws(NTKError) in
      try b.apply(primitive, operands)
    }
    let row = OperationCase(primitive, types)
    let flow = try primitive.axisFlow(types)
    _ = try primitive.resized(types, results: results)
    if let linear = primitive as? any LinearInOperands, results.count == 1 {
      for index in types.indices { _ = try linear.form(of: index, types) }
    }
    XCTAssertLessThanOrEqual(flow.repeated.count, results.reduce(0) { $0 + $1.rank })
    let inputs = row.operands(seed: 14)
    _ = try program.simplified()
    let subject = try Subject(row)
    let jvp = try subject.jvp()
    let transposed = try program.vjp(active: subject.active)
    do throws(NTKError) {
      _ = try evaluate(program, inputs)
      _ = try evaluate(jvp.program, jvp.inputs(14))
    } catch {
      guard case .indexOutOfRange = error else { throw error }
    }
    XCTAssertEqual(transposed.backward.outputs.count, subject.active.count)
    guard !types.isEmpty else { return }
    _ = try program.vmapped(
      size: 2, axes: types.map { _ in 0 }, outAxes: results.map { _ in 0 })
  }
}
