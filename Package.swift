// swift-tools-version: 6.1
import PackageDescription

// libmvec, glibc's vector functions, exists where its vector ABI does; elsewhere the loops are
// plain C.
#if arch(x86_64)
  let vectorMath: [LinkerSetting] = [.linkedLibrary("mvec", .when(platforms: [.linux]))]
#else
  let vectorMath: [LinkerSetting] = []
#endif

let package = Package(
  name: "ntk",
  products: [
    .library(name: "NTK", targets: ["NTK"]),
    .library(name: "ntk", type: .dynamic, targets: ["NTKABI"]),
  ],
  targets: [
    .target(name: "NTKHeader", path: "include", publicHeadersPath: "."),
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .target(
      name: "CVectorLoops",
      cSettings: [.define("NDEBUG", .when(configuration: .release))],
      linkerSettings: vectorMath + [.linkedLibrary("m")]),
    .target(name: "NTKRuntime", dependencies: ["COpenBLAS", "CVectorLoops"]),
    .target(name: "NTKProgram", dependencies: ["NTKRuntime", "CVectorLoops"]),
    .target(name: "NTKOperations", dependencies: ["NTKProgram", "NTKRuntime", "CVectorLoops"]),
    .target(
      name: "NTKExecution", dependencies: ["NTKOperations", "NTKProgram", "NTKRuntime"]),
    .target(
      name: "NTKKernel",
      dependencies: ["NTKExecution", "NTKOperations", "NTKProgram", "NTKRuntime"]),
    .target(
      name: "NTKABI",
      dependencies: [
        "NTKHeader", "NTKKernel", "NTKExecution", "NTKOperations", "NTKProgram", "NTKRuntime",
      ]),
    .target(
      name: "NTK",
      dependencies: ["NTKKernel", "NTKExecution", "NTKOperations", "NTKProgram", "NTKRuntime"]),
    .testTarget(
      name: "NTKRuntimeTests", dependencies: ["NTKRuntime", "CVectorLoops", "COpenBLAS"]),
    .testTarget(
      name: "NTKOperationsTests",
      dependencies: ["NTKExecution", "NTKOperations", "NTKProgram", "NTKRuntime"]),
    .testTarget(
      name: "NTKKernelTests",
      dependencies: ["NTKKernel", "NTKExecution", "NTKOperations", "NTKProgram"]),
    .testTarget(name: "NTKABITests", dependencies: ["NTKABI", "NTKHeader"]),
    .testTarget(name: "NTKTests", dependencies: ["NTK"]),
  ]
)
