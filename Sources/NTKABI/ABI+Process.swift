// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of ntk.h.

import NTKExecution
import NTKHeader
import NTKProgram
import NTKRuntime

/// The library's version; `python/swntk/_version.py` says the same.
private let version: StaticString = "0.1.0"

@_cdecl("ntk_abi_version") @implementation
public func ntk_abi_version() -> UInt32 { UInt32(NTK_ABI_VERSION) }

@_cdecl("ntk_version") @implementation
public func ntk_version() -> UnsafePointer<CChar>! { version.cString }

@_cdecl("ntk_build_info") @implementation
public func ntk_build_info(
  _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int, _ needed: UnsafeMutablePointer<Int>?
) -> ntk_status {
  guarded { () throws(NTKError) in
    try TextQuery(text, capacity, needed).write(
      """
      version: \(version)
      instruction_set: \(BuildInfo.instructionSet)
      blas: \(BuildInfo.blasConfiguration) (\(BuildInfo.blasCoreName))
      threads: \(ThreadPool.threadCount)

      """)
  }
}

@_cdecl("ntk_set_threads") @implementation
public func ntk_set_threads(_ count: Int) -> ntk_status {
  guarded { () throws(NTKError) in
    // A count above Int.max arrives as a negative one.
    guard count != 0 else { throw .argument("count", expected: "at least 1", got: "0") }
    ThreadPool.setThreadCount(count < 0 ? Int.max : count)
  }
}

@_cdecl("ntk_get_threads") @implementation
public func ntk_get_threads() -> Int { ThreadPool.threadCount }

@_cdecl("ntk_clear_cache") @implementation
public func ntk_clear_cache() { CompileCache.clear() }
