import NTKHeader
import XCTest

/// Text and builder describe the same programs, and nothing that they are given ends the process.
final class TextTests: XCTestCase {
  private func body() throws -> TestProgram {
    try .parse(
      "ntk 1 program(%0: f64[3], %1: f64[3]) { %2 = mul(%0, %1) %3 = add(%2, %1) return %3, %2 }")
  }

  /// Law: parse(text(p)) = p, with the same hash and the same text.
  private func checkRoundTrip(_ program: TestProgram) throws {
    let text = program.text
    let parsed = try TestProgram.parse(text)
    XCTAssert(program.isEqual(to: parsed), text)
    XCTAssertEqual(program.hash, parsed.hash, text)
    XCTAssertEqual(parsed.text, text)
  }

  func testRandomProgramsRoundTrip() throws {
    var programs = RandomPrograms(seed: 1)
    let body = try body()
    var made = 0
    for _ in 0..<150 {
      guard let program = programs.make(body: body) else { continue }
      made += 1
      try checkRoundTrip(program)
    }
    XCTAssertEqual(made, 150)
    XCTAssertGreaterThan(programs.accepted, 1000)
    XCTAssertNil(programs.refused[NTK_INTERNAL.rawValue])
  }

  /// Law: every transform of a program gives a program that round-trips, or says why not.
  func testTransformsOfRandomPrograms() throws {
    var programs = RandomPrograms(seed: 2)
    let body = try body()
    for _ in 0..<60 {
      guard let program = programs.make(body: body) else { continue }
      var made: [TestProgram?] = []
      func keep(_ status: ntk_status, _ out: OpaquePointer?) {
        XCTAssertNotEqual(statusName(status), "NTK_INTERNAL", lastError + "\n" + program.text)
        XCTAssertEqual(status == NTK_OK, out != nil)
        made.append(TestProgram(out))
      }
      var (one, two): (OpaquePointer?, OpaquePointer?)
      let active = [0, 1]
      keep(ntk_program_simplify(&one, program.pointer), one)
      keep(ntk_program_jvp(&one, program.pointer, active, 2), one)
      keep(ntk_program_vjp(&one, &two, program.pointer, active, 2), one)
      made.append(TestProgram(two))
      keep(ntk_program_linearize(&one, &two, program.pointer, active, 2), one)
      made.append(TestProgram(two))
      keep(ntk_program_transpose(&one, program.pointer, active, 2), one)
      keep(ntk_program_jacobian(&one, program.pointer, active, 2, 0), one)
      let axes: [Int64] = [0, Int64.min, 1, Int64.min, -1, 0, Int64.min]
      keep(ntk_program_vmap(&one, program.pointer, 2, axes, [0, 0, 0]), one)
      keep(ntk_program_resize(&one, program.pointer, 0, 0, 5), one)
      for case let program? in made { try checkRoundTrip(program) }
    }
  }

  /// Any bytes give a program or a status, and what is accepted round-trips.
  func testMutatedText() throws {
    var programs = RandomPrograms(seed: 3)
    var random = RandomNumbers(seed: 4)
    let body = try body()
    var corpus = [Array(someText.utf8)]
    for _ in 0..<20 {
      if let program = programs.make(body: body) { corpus.append(Array(program.text.utf8)) }
    }
    let pieces = corpus.flatMap { $0.split(separator: UInt8(ascii: " ")) }.map { Array($0) }
    let marks = Array("0123456789[]{}(),=%$@\"-.#\\".utf8)
    var accepted = 0
    for _ in 0..<4000 {
      var text = corpus[random.below(corpus.count)]
      for _ in 0...random.below(3) {
        let place = random.below(text.count)
        switch random.below(6) {
        case 0: text.remove(at: place)
        case 1: text.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        case 2: text[place] ^= 1 << UInt8(random.below(8))
        case 3: text.removeSubrange(place..<min(place + random.below(40), text.count))
        case 4: text.insert(contentsOf: pieces[random.below(pieces.count)], at: place)
        default: text[place] = marks[random.below(marks.count)]
        }
        if text.isEmpty { text = [0] }
      }
      var out: OpaquePointer?
      let status = text.withUnsafeBytes {
        ntk_program_parse(&out, $0.bindMemory(to: CChar.self).baseAddress, text.count)
      }
      XCTAssertNotEqual(statusName(status), "NTK_INTERNAL", lastError)
      XCTAssertEqual(status == NTK_OK, out != nil)
      XCTAssertEqual(status == NTK_SYNTAX, status != NTK_OK && position().line > 0)
      if let program = TestProgram(out) {
        accepted += 1
        try checkRoundTrip(program)
      }
    }
    XCTAssertGreaterThan(accepted, 40)
  }

  /// Nesting has a limit that the builder holds too, so that text can say what was built.
  func testNesting() throws {
    var program = try body()
    let parameters = "jaxpr=$0, length=1, num_consts=0, num_carry=1"
    var depth = 1
    while true {
      var builder: OpaquePointer?
      expectOK(ntk_builder_create(&builder))
      defer { ntk_builder_free(builder) }
      var inputs: [Int32] = [0, 0]
      let sizes: [Int64] = depth == 1 ? [1, 3] : [1] + (0..<depth).map { $0 == depth - 1 ? 3 : 1 }
      expectOK(ntk_builder_input(builder, Int32(NTK_F64), 1, [3], nil, &inputs[0]))
      expectOK(ntk_builder_input(builder, Int32(NTK_F64), sizes.count, sizes, nil, &inputs[1]))
      var results: [Int32] = [0, 0]
      var count = 0
      let status = ntk_builder_apply(
        builder, "scan", inputs, 2, parameters, parameters.utf8.count, [program.pointer], 1,
        &results, 2, &count)
      if status != NTK_OK {
        expect(NTK_UNSUPPORTED, status)
        break
      }
      program = try TestProgram.make {
        ntk_builder_finish(builder, inputs, 2, nil, 0, results, 2, $0)
      }
      depth += 1
      try checkRoundTrip(program)
    }
    XCTAssertEqual(depth, 24)
  }
}
