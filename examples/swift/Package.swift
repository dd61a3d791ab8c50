// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "kernel",
  dependencies: [.package(name: "ntk", path: "../..")],
  targets: [
    .executableTarget(name: "kernel", dependencies: [.product(name: "NTK", package: "ntk")])
  ]
)
