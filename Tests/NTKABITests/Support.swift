import NTKHeader
import XCTest

/// Numbers that are the same in every run (SplitMix64).
struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }
}

var lastError: String { String(cString: ntk_last_error()) }

/// The message, and the position where text was met.
func position() -> (line: Int, column: Int) {
  var (line, column) = (-1, -1)
  ntk_last_error_position(&line, &column)
  return (line, column)
}

func statusName(_ status: ntk_status) -> String { String(cString: ntk_status_name(status)) }

/// A call has the status; a failure says why.
func expect(
  _ expected: ntk_status, _ call: ntk_status, file: StaticString = #filePath, line: UInt = #line
) {
  XCTAssertEqual(
    statusName(call), statusName(expected), call == NTK_OK ? "" : lastError, file: file, line: line)
  if call != NTK_OK { XCTAssertFalse(lastError.isEmpty, file: file, line: line) }
}

func expectOK(_ call: ntk_status, file: StaticString = #filePath, line: UInt = #line) {
  expect(NTK_OK, call, file: file, line: line)
}

/// A program of the library, freed with this object.
final class TestProgram {
  let pointer: OpaquePointer

  init?(_ pointer: OpaquePointer?) {
    guard let pointer else { return nil }
    self.pointer = pointer
  }

  deinit { ntk_program_free(pointer) }

  static func parse(
    _ text: String, file: StaticString = #filePath, line: UInt = #line
  ) throws -> TestProgram {
    var out: OpaquePointer?
    expectOK(ntk_program_parse(&out, text, text.utf8.count), file: file, line: line)
    return try XCTUnwrap(TestProgram(out), file: file, line: line)
  }

  /// The program that a transform gives.
  static func make(
    file: StaticString = #filePath, line: UInt = #line,
    _ transform: (UnsafeMutablePointer<OpaquePointer?>) -> ntk_status
  ) throws -> TestProgram {
    var out: OpaquePointer?
    expectOK(transform(&out), file: file, line: line)
    return try XCTUnwrap(TestProgram(out), file: file, line: line)
  }

  var text: String {
    var needed = 0
    expectOK(ntk_program_text(pointer, nil, 0, &needed))
    var bytes = [CChar](repeating: 1, count: needed)
    expectOK(ntk_program_text(pointer, &bytes, needed, nil))
    return String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var hash: [UInt64] {
    var words: [UInt64] = [0, 0]
    expectOK(ntk_program_hash(pointer, &words))
    return words
  }

  var inputCount: Int {
    var (inputs, captured) = (0, 0)
    expectOK(ntk_program_counts(pointer, &inputs, &captured, nil, nil))
    return inputs + captured
  }

  var outputCount: Int {
    var outputs = 0
    expectOK(ntk_program_counts(pointer, nil, nil, &outputs, nil))
    return outputs
  }

  func isEqual(to other: TestProgram) -> Bool {
    var equal: Int32 = -1
    expectOK(ntk_program_equal(pointer, other.pointer, &equal))
    return equal == 1
  }

  /// Row-major arrays of the inputs' types, all bytes 0.
  func inputs() -> [TestArray] { (0..<inputCount).map { array($0, ntk_program_input_type) } }

  /// The same for outputs.
  func outputs() -> [TestArray] { (0..<outputCount).map { array($0, ntk_program_output_type) } }

  private typealias Query = (
    OpaquePointer?, Int, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int>?,
    UnsafeMutablePointer<Int64>?, Int
  ) -> ntk_status

  private func array(_ index: Int, _ query: Query) -> TestArray {
    var type: Int32 = 0
    var rank = 0
    var sizes = [Int64](repeating: 0, count: Int(NTK_MAX_RANK))
    expectOK(query(pointer, index, &type, &rank, &sizes, sizes.count))
    return TestArray(type, sizes.prefix(rank).map { Int($0) })
  }

  /// Runs the program into new row-major arrays.
  func run(_ inputs: [TestArray]) -> [TestArray] {
    let outputs = outputs()
    expectOK(evaluate(self, inputs, outputs))
    return outputs
  }
}

/// `ntk_evaluate` over arrays.
func evaluate(
  _ program: TestProgram, _ inputs: [TestArray], _ outputs: [TestArray],
  _ options: UnsafePointer<ntk_run_options>? = nil
) -> ntk_status {
  let (inputBuffers, outputBuffers) = (inputs.map(\.buffer), outputs.map(\.buffer))
  return withExtendedLifetime((inputs, outputs)) {
    ntk_evaluate(
      program.pointer, inputBuffers, inputs.count, outputBuffers, outputs.count, options)
  }
}

let someText = """
  ntk 1
  program(%0 "w": f64[3,2], %1 "x": f64[4,3]) {
    %2 = dot_general[dimension_numbers=[[[1], [0]], [[], []]]](%1, %0)
    %3 = tanh(%2)
    return %3
  }
  """
