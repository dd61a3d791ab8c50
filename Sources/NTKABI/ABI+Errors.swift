// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import Glibc
import NTKHeader
import NTKProgram

/// Runs the Swift side of an export: its status, with the message kept for `ntk_last_error`.
@inline(__always)
func guarded(_ body: () throws(NTKError) -> Void) -> ntk_status {
  do throws(NTKError) {
    try body()
    return NTK_OK
  } catch {
    LastError.record(error)
    return error.status.code
  }
}

extension NTKError.Status {
  var code: ntk_status {
    switch self {
    case .invalidArgument: NTK_INVALID_ARGUMENT
    case .shapeMismatch: NTK_SHAPE_MISMATCH
    case .dtypeMismatch: NTK_DTYPE_MISMATCH
    case .syntax: NTK_SYNTAX
    case .bufferTooSmall: NTK_BUFFER_TOO_SMALL
    case .unsupported: NTK_UNSUPPORTED
    case .outOfMemory: NTK_OUT_OF_MEMORY
    case .cancelled: NTK_CANCELLED
    case .callback: NTK_CALLBACK
    case .indexOutOfRange: NTK_INDEX_OUT_OF_RANGE
    case .internal: NTK_INTERNAL
    case .notANumber: NTK_NOT_A_NUMBER
    }
  }
}

/// The last failure of each thread, in memory from `malloc`, which may fail where Swift's own
/// would trap.
enum LastError {
  private struct Record {
    /// Ends in NUL; nil: there was no memory for it.
    var message: UnsafeMutablePointer<CChar>?
    var capacity = 0
    var line = 0
    var column = 0
  }

  private static let none: StaticString = ""
  private static let exhausted: StaticString = "out of memory"

  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, { LastError.free($0) }) == 0 ? key : nil
  }()

  private static func free(_ address: UnsafeMutableRawPointer?) {
    guard let address else { return }
    Glibc.free(address.assumingMemoryBound(to: Record.self).pointee.message)
    Glibc.free(address)
  }

  private static var current: UnsafeMutablePointer<Record>? {
    guard let key else { return nil }
    return pthread_getspecific(key)?.assumingMemoryBound(to: Record.self)
  }

  private static func currentOrNew() -> UnsafeMutablePointer<Record>? {
    if let current { return current }
    guard let key, let address = malloc(MemoryLayout<Record>.size) else { return nil }
    guard pthread_setspecific(key, address) == 0 else {
      Glibc.free(address)
      return nil
    }
    let record = address.bindMemory(to: Record.self, capacity: 1)
    record.initialize(to: Record())
    return record
  }

  static func record(_ error: NTKError) {
    guard let record = currentOrNew() else { return }
    let position = error.status == .syntax ? error.position : nil
    record.pointee.line = position?.line ?? 0
    record.pointee.column = position?.column ?? 0
    let text = error.message.utf8
    if record.pointee.capacity <= text.count {
      Glibc.free(record.pointee.message)
      record.pointee.message = malloc(text.count + 1)?.assumingMemoryBound(to: CChar.self)
      record.pointee.capacity = record.pointee.message == nil ? 0 : text.count + 1
    }
    guard let message = record.pointee.message else { return }
    for (index, byte) in text.enumerated() {
      // A NUL inside would hide the rest.
      message[index] = byte == 0 ? 0x20 : CChar(bitPattern: byte)
    }
    message[text.count] = 0
  }

  static var message: UnsafePointer<CChar> {
    guard let current else { return none.cString }
    return current.pointee.message.map { UnsafePointer($0) } ?? exhausted.cString
  }

  static var position: (line: Int, column: Int) {
    current.map { ($0.pointee.line, $0.pointee.column) } ?? (0, 0)
  }
}

extension StaticString {
  var cString: UnsafePointer<CChar> {
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

@_cdecl("ntk_status_name") @implementation
public func ntk_status_name(_ status: ntk_status) -> UnsafePointer<CChar>! {
  let name: StaticString =
    switch status {
    case NTK_OK: "NTK_OK"
    case NTK_INVALID_ARGUMENT: "NTK_INVALID_ARGUMENT"
    case NTK_SHAPE_MISMATCH: "NTK_SHAPE_MISMATCH"
    case NTK_DTYPE_MISMATCH: "NTK_DTYPE_MISMATCH"
    case NTK_SYNTAX: "NTK_SYNTAX"
    case NTK_BUFFER_TOO_SMALL: "NTK_BUFFER_TOO_SMALL"
    case NTK_UNSUPPORTED: "NTK_UNSUPPORTED"
    case NTK_OUT_OF_MEMORY: "NTK_OUT_OF_MEMORY"
    case NTK_CANCELLED: "NTK_CANCELLED"
    case NTK_CALLBACK: "NTK_CALLBACK"
    case NTK_INDEX_OUT_OF_RANGE: "NTK_INDEX_OUT_OF_RANGE"
    case NTK_INTERNAL: "NTK_INTERNAL"
    case NTK_NOT_A_NUMBER: "NTK_NOT_A_NUMBER"
    default: "an unknown status"
    }
  return name.cString
}

@_cdecl("ntk_last_error") @implementation
public func ntk_last_error() -> UnsafePointer<CChar>! { LastError.message }

@_cdecl("ntk_last_error_position") @implementation
public func ntk_last_error_position(
  _ line: UnsafeMutablePointer<Int>?, _ column: UnsafeMutablePointer<Int>?
) {
  let position = LastError.position
  line?.pointee = position.line
  column?.pointee = position.column
}
