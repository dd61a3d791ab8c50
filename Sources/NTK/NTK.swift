/// Derivatives and neural tangent kernels of programs, on the CPU.
///
/// ```swift
/// import NTK
///
/// let program = try Program.build { b in
///   let w = try b.input(.f64, [3], name: "w")
///   let x = try b.input(.f64, [2, 3], name: "x")
///   return [try b.one("tanh", b.one("np.matmul", x, w))]
/// }
/// let kernel = try TangentKernel(of: program, parameters: [0], traceAxes: [])
/// let theta: [[Double]] = try kernel.compute([x], nil, [w])
/// ```
@_exported import NTKExecution
@_exported import NTKKernel
@_exported import NTKOperations
@_exported import NTKProgram
