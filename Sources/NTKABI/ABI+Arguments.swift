import NTKProgram

// Lists, texts and queries of the caller. `size_t` arrives as Int: what is above Int.max is
// negative.

/// Reads what a caller passes.
enum Caller {
  /// The elements at a caller's address, which may be NULL where there are none.
  static func list<Element>(
    _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String, most: Int = Int(Int32.max)
  ) throws(NTKError) -> UnsafeBufferPointer<Element> {
    guard count >= 0, count <= most else {
      throw .argument(
        name, expected: "at most \(most) entries", got: "\(UInt(bitPattern: count))")
    }
    guard count == 0 || pointer != nil else {
      throw .argument(name, expected: "\(count) entries", got: "NULL")
    }
    return UnsafeBufferPointer(start: pointer, count: count)
  }

  /// Indices, each clamped to Int.
  static func indices(
    _ pointer: UnsafePointer<Int>?, _ count: Int, _ name: String, most: Int
  ) throws(NTKError) -> [Int] {
    try list(pointer, count, name, most: most).map { $0 < 0 ? Int.max : $0 }
  }

  /// Bytes of UTF-8, as they are.
  static func bytes(
    _ pointer: UnsafePointer<CChar>?, _ count: Int, _ name: String
  ) throws(NTKError) -> UnsafeRawBufferPointer {
    guard count >= 0 else {
      throw .argument(name, expected: "at most \(Int.max) bytes", got: "\(UInt(bitPattern: count))")
    }
    guard count == 0 || pointer != nil else {
      throw .argument(name, expected: "\(count) bytes", got: "NULL")
    }
    return UnsafeRawBufferPointer(start: pointer, count: count)
  }

  /// A text that ends in NUL.
  static func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(NTKError) -> String {
    guard let pointer else { throw .argument(name, expected: "a text", got: "NULL") }
    guard let text = String(validatingCString: pointer) else {
      throw .argument(name, expected: "UTF-8", got: "other bytes")
    }
    return text
  }

  /// Where a result goes.
  static func place<Element>(
    _ pointer: UnsafeMutablePointer<Element>?, _ name: String
  ) throws(NTKError) -> UnsafeMutablePointer<Element> {
    guard let pointer else { throw .argument(name, expected: "an address", got: "NULL") }
    return pointer
  }

  static func shape(
    _ sizes: UnsafePointer<Int64>?, rank: Int, _ name: String
  ) throws(NTKError) -> Shape {
    guard rank >= 0, rank <= Shape.maximumRank else {
      throw .rankTooHigh(rank < 0 ? Int.max : rank)
    }
    return try Shape(try list(sizes, rank, name).map { Int($0) })
  }

  static func elementType(_ number: Int32, _ label: () -> String) throws(NTKError) -> ElementType {
    guard let type = ElementType(rawValue: number) else {
      throw .argument(
        "element type of \(label())", expected: "an ntk_element_type", got: "\(number)")
    }
    return type
  }
}

/// A place for text that the caller measures and gives.
struct TextQuery {
  private let text: UnsafeMutablePointer<CChar>?
  private let capacity: Int
  private let needed: UnsafeMutablePointer<Int>?

  init(
    _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int, _ needed: UnsafeMutablePointer<Int>?
  ) throws(NTKError) {
    guard text != nil || capacity == 0 else {
      throw .argument("text", expected: "a place for text", got: "NULL")
    }
    self.text = text
    self.capacity = capacity
    self.needed = needed
  }

  func write(_ content: String) throws(NTKError) {
    var content = content
    let count = content.utf8.count + 1
    needed?.pointee = count
    guard let text else { return }
    guard UInt(bitPattern: capacity) >= UInt(count) else { throw .bufferTooSmall(needed: count) }
    content.withUTF8 { bytes in
      UnsafeMutableRawBufferPointer(start: text, count: count).copyBytes(from: bytes)
    }
    text[count - 1] = 0
  }
}

/// A place for a value's type.
struct TypeQuery {
  private let elementType: UnsafeMutablePointer<Int32>
  private let rank: UnsafeMutablePointer<Int>
  private let sizes: UnsafeMutablePointer<Int64>?
  private let capacity: Int

  init(
    _ elementType: UnsafeMutablePointer<Int32>?, _ rank: UnsafeMutablePointer<Int>?,
    _ sizes: UnsafeMutablePointer<Int64>?, _ capacity: Int
  ) throws(NTKError) {
    guard let elementType, let rank, sizes != nil || capacity == 0 else {
      throw .argument("a place for the type", expected: "an address", got: "NULL")
    }
    self.elementType = elementType
    self.rank = rank
    self.sizes = sizes
    self.capacity = capacity
  }

  func write(_ type: ValueType) throws(NTKError) {
    elementType.pointee = type.elementType.rawValue
    rank.pointee = type.rank
    guard let sizes else { return }
    guard UInt(bitPattern: capacity) >= UInt(type.rank) else {
      throw .bufferTooSmall(needed: type.rank)
    }
    for axis in 0..<type.rank { sizes[axis] = Int64(type.shape[axis]) }
  }

  func write(_ index: Int, of types: [ValueType], _ name: String) throws(NTKError) {
    guard types.indices.contains(index) else {
      throw .argument(
        name, expected: "an index below \(types.count)", got: "\(UInt(bitPattern: index))")
    }
    try write(types[index])
  }
}

/// A place for the values that an operation gives.
struct ResultQuery {
  private let results: UnsafeMutablePointer<Int32>?
  private let capacity: Int
  private let count: UnsafeMutablePointer<Int>

  init(
    _ results: UnsafeMutablePointer<Int32>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
  ) throws(NTKError) {
    guard let count, results != nil || capacity == 0 else {
      throw .argument("results", expected: "a place for results and their count", got: "NULL")
    }
    self.results = results
    self.capacity = capacity
    self.count = count
  }

  /// Whether the caller only asks how many there are.
  var isQuestion: Bool { results == nil }

  /// Reports how many there are; throws if they do not fit.
  func expect(_ needed: Int) throws(NTKError) {
    count.pointee = needed
    guard isQuestion || UInt(bitPattern: capacity) >= UInt(needed) else {
      throw .bufferTooSmall(needed: needed)
    }
  }

  func write(_ values: [Value]) {
    count.pointee = values.count
    guard let results else { return }
    for (index, value) in values.enumerated() { results[index] = value.id }
  }
}
