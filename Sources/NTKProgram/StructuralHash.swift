/// A 128-bit hash of a program's structure: types, operations, parameters and how they are joined;
/// not names, source lines or captured data. Two FNV-1a streams over 64-bit words, each word
/// mixed; equal in every process, so that it may be written to disk. Not cryptographic: whoever
/// looks a program up by it compares the programs too.
public struct StructuralHash: Hashable, Sendable {
  public private(set) var words: (UInt64, UInt64)

  public static func == (a: StructuralHash, b: StructuralHash) -> Bool { a.words == b.words }
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  private init() { words = (0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142) }

  init(
    rows: [Program.Row], operandIDs: [Int32], inputTypes: ArraySlice<ValueType>,
    capturedCount: Int, outputs: [Value]
  ) {
    self.init()
    add(inputTypes.count)
    add(capturedCount)
    for type in inputTypes { add(type) }
    for row in rows {
      add(type(of: row.primitive).name)
      let parameters = row.primitive.parameters
      add(parameters.count)
      for (name, value) in parameters {
        add(name)
        add(value)
      }
      add(Int(row.operandCount))
      let start = Int(row.operandStart)
      for id in operandIDs[start..<(start + Int(row.operandCount))] { add(Int(id)) }
      add(Int(row.resultCount))
    }
    add(outputs.count)
    for output in outputs { add(output.index) }
  }

  private mutating func add(_ word: UInt64) {
    // The multiplier of MurmurHash3's finaliser spreads low bits before they meet the state.
    let mixed = (word ^ (word >> 33)) &* 0xff51_afd7_ed55_8ccd
    words.0 = (words.0 ^ mixed) &* 0x0000_0100_0000_01b3
    words.1 = (words.1 ^ (mixed ^ (mixed >> 29))) &* 0x9e37_79b9_7f4a_7c15
    words.1 ^= words.1 >> 32
  }

  private mutating func add(_ value: Int) { add(UInt64(bitPattern: Int64(value))) }

  private mutating func add(_ text: String) {
    var word: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      word = word << 8 | UInt64(byte)
      count += 1
      if count % 8 == 0 {
        add(word)
        word = 0
      }
    }
    add(word)
    add(count)
  }

  private mutating func add(_ type: ValueType) {
    add(Int(type.elementType.rawValue))
    add(type.rank)
    for size in type.shape { add(size) }
  }

  private mutating func add(_ value: ParameterValue) {
    switch value {
    case .none: add(1)
    case .int(let value):
      add(2)
      add(value)
    case .uint(let value):
      add(3)
      add(value)
    case .float(let value):
      add(4)
      add(value.bitPattern)
    case .bool(let value): add(value ? 5 : 6)
    case .string(let value):
      add(7)
      add(value)
    case .elementType(let value):
      add(8)
      add(Int(value.rawValue))
    case .list(let values):
      add(9)
      add(values.count)
      for value in values { add(value) }
    case .data(let value):
      add(10)
      add(value.type)
      for byte in value.bytes { add(UInt64(byte)) }
    case .program(let value):
      add(11)
      add(value.structuralHash.words.0)
      add(value.structuralHash.words.1)
    }
  }
}
