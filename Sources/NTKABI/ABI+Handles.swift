import NTKExecution
import NTKHeader
import NTKKernel
import NTKProgram
import NTKRuntime
import Synchronization

// What the opaque pointers of ntk.h point to. A handle owns one reference.

/// `ntk_program`: a program, its types at hand, and what was derived from it to be run.
final class ProgramHandle: Sendable {
  let program: Program
  let inputTypes: [ValueType]
  let outputTypes: [ValueType]
  private let derived = Guarded<[(how: Derivation, handle: ProgramHandle)]>([])
  private let compiled = Guarded<Executable?>(nil)

  /// So many derivations of one program are kept; callers use one or two.
  private static let mostDerived = 8

  init(_ program: Program) {
    self.program = program
    inputTypes = program.inputTypes
    outputTypes = program.outputTypes
  }

  /// The compiled program, which a handle keeps once it has run.
  func executable() throws(NTKError) -> Executable {
    if let known = compiled.withLock({ $0 }) { return known }
    let made = try CompileCache.executable(for: program)
    compiled.withLock { $0 = made }
    return made
  }

  /// The program that a run of a derivative runs, made once.
  func derived(_ how: Derivation) throws(NTKError) -> ProgramHandle {
    if let known = derived.withLock({ list in list.first { $0.how == how }?.handle }) {
      return known
    }
    let made = ProgramHandle(try how.program(from: program))
    derived.withLock { list in
      if list.count >= Self.mostDerived { list.removeFirst() }
      list.append((how, made))
    }
    return made
  }
}

/// `ntk_builder`
final class BuilderHandle {
  var builder = ProgramBuilder()
}

/// `ntk_cancellation`
final class CancellationHandle: Sendable {
  private let flag = Atomic(false)

  var isCancelled: Bool { flag.load(ordering: .relaxed) }
  func cancel() { flag.store(true, ordering: .relaxed) }
}

/// `ntk_tangent_kernel`: a kernel, and what its inputs are.
final class KernelHandle: Sendable {
  let kernel: TangentKernel
  let inputTypes: [ValueType]
  let inputLabels: [String]
  let resultTypes: [ValueType]

  convenience init(first: Program, second: Program?, options: KernelOptions) throws(NTKError) {
    self.init(
      try TangentKernel(first: first, second: second, options: options), first: first,
      second: second)
  }

  init(_ kernel: TangentKernel, first: Program, second: Program?) {
    self.kernel = kernel
    resultTypes = kernel.resultTypes
    let parameters = kernel.options.parameters
    var types = parameters.map { first.type(of: Value($0)) }
    var labels = parameters.map { first.inputLabel($0) }
    let isParameter = Set(parameters)
    for (program, side) in [(first, ""), (second, " of the second program")] {
      guard let program else { continue }
      for index in 0..<program.inputCount where !isParameter.contains(index) {
        types.append(program.type(of: Value(index)))
        labels.append(program.inputLabel(index) + side)
      }
    }
    inputTypes = types
    inputLabels = labels
  }
}

/// A new handle, to be owned by the caller.
func handle(owning object: some AnyObject) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// What a caller's handle points to.
func object<Object: AnyObject>(
  _ handle: OpaquePointer?, _ name: String
) throws(NTKError) -> Object {
  guard let handle else { throw .argument(name, expected: "a handle", got: "NULL") }
  return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

/// Gives up the caller's reference.
func release<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) {
  guard let handle else { return }
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release()
}

/// Makes an object for `out`, which receives NULL where that fails.
@inline(__always)
func creating(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ body: () throws(NTKError) -> some AnyObject
) -> ntk_status {
  out?.pointee = nil
  return guarded { () throws(NTKError) in
    guard let out else { throw .argument("out", expected: "an address", got: "NULL") }
    out.pointee = handle(owning: try body())
  }
}

/// The same for two programs at once.
@inline(__always)
func creatingTwo(
  _ first: UnsafeMutablePointer<OpaquePointer?>?, _ second: UnsafeMutablePointer<OpaquePointer?>?,
  _ body: () throws(NTKError) -> (Program, Program)
) -> ntk_status {
  first?.pointee = nil
  second?.pointee = nil
  return guarded { () throws(NTKError) in
    guard let first, let second else {
      throw .argument("out", expected: "two addresses", got: "NULL")
    }
    let (a, b) = try body()
    first.pointee = handle(owning: ProgramHandle(a))
    second.pointee = handle(owning: ProgramHandle(b))
  }
}
