// swift-tools-version: 6.2
import PackageDescription

/// One strictness for every target: Swift 6 mode, warnings are errors, imports say who may see them.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The tests simulate days: with HYNOUS_OPTIMISE set (`make test` does) modules are built fast, every assertion kept.
/// Without it a debugger finds the code as written, and a change is rebuilt in seconds.
let fast = ["-O", "-wmo", "-num-threads", "2", "-assert-config", "Debug"]
let optimised: [SwiftSetting] =
  Context.environment["HYNOUS_OPTIMISE"] == nil ? [] : [.unsafeFlags(fast, .when(configuration: .debug))]

/// A module of the daemon and what it may import (ARCHITECTURE.md, "Modules"; the build enforces it).
func module(_ name: String, _ imports: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: imports, path: "Sources/\(name)", swiftSettings: strict + optimised)
}

/// The tests of one module; `extra` are further modules the tests look into.
func tests(_ name: String, _ imports: [Target.Dependency], resources: [Resource]? = nil) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: imports, path: "Tests/\(name)Tests", resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "hynous-data",
  products: [
    .executable(name: "hynous-data", targets: ["hynous-data"]),
    .executable(name: "hynous-sim", targets: ["hynous-sim"]),
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CLibuv", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    module("Base", []),
    module("Market", ["Base"]),
    module("Wire", ["Base", "CZlib"]),
    module("Hyperliquid", ["Base", "Market", "Wire"]),
    module("Engines", ["Base", "Market"]),
    module("Store", ["Base", "Market", "CSQLite"]),
    module("API", ["Base", "Market", "Wire", "Engines", "Store"]),
    module("Core", ["Base", "Market", "Wire", "Hyperliquid", "Engines", "Store", "API"]),
    module("Reactor", ["Base", "CLibuv", "CCurl", "COpenSSL"]),
    module("Daemon", ["Base", "Core", "Store", "Reactor"]),
    module("Simulator", ["Base", "Market", "Wire", "Hyperliquid", "Core", "Store"]),
    .executableTarget(
      name: "hynous-data",
      dependencies: [
        "Core", "Reactor", "Daemon", "CYaml",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/hynous-data", swiftSettings: strict),
    .executableTarget(
      name: "hynous-sim",
      dependencies: [
        "Base", "Wire", "Reactor", "Simulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/hynous-sim", swiftSettings: strict),
    .executableTarget(
      name: "hynous-bench",
      dependencies: [
        "Base", "Market", "Wire", "Hyperliquid", "Engines", "Store", "Core",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Bench/hynous-bench", swiftSettings: strict),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Base", "Market", "Wire", "Hyperliquid", "Engines", "Store", "API", "Core", "Simulator",
      ],
      path: "Fuzz/Targets", swiftSettings: strict),

    tests("Base", ["Base"]),
    tests("Market", ["Base", "Market"]),
    tests("Wire", ["Base", "Wire"]),
    tests("Hyperliquid", ["Base", "Market", "Wire", "Hyperliquid"]),
    tests("Engines", ["Base", "Market", "Engines"]),
    tests("Store", ["Base", "Market", "Store", "CSQLite"]),
    tests("API", ["Base", "Market", "Wire", "Engines", "Store", "API"]),
    tests("Core", ["Base", "Market", "Wire", "Hyperliquid", "Engines", "Store", "API", "Core"]),
    tests("Reactor", ["Base", "Reactor"]),
    tests("Daemon", ["Base", "Core", "Daemon", "Reactor", "Simulator"]),
    tests("Simulator", ["Base", "Market", "Wire", "Hyperliquid", "Engines", "Core", "Simulator"]),
    tests("Program", ["Base"]),
    tests("FuzzReplay", ["FuzzTargets"]),
  ]
)
