// swift-tools-version: 6.2
// The fuzzer itself, in a package of its own so that `swift build` never builds it: every module is built again
// here with coverage and AddressSanitizer. Fuzz/run.sh knows the flags.
//
// Driver holds links to the files of the main program that read YAML: an executable's sources cannot be imported.
import PackageDescription

let yaml = "\(Context.packageDirectory)/../Sources/CYaml/module.modulemap"

let package = Package(
  name: "hynous-fuzz",
  dependencies: [.package(name: "hynous-data", path: "..")],
  targets: [
    .executableTarget(
      name: "hynous-fuzz", dependencies: [.product(name: "FuzzTargets", package: "hynous-data")],
      path: "Driver",
      swiftSettings: [
        .swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library", "-Xcc", "-fmodule-map-file=\(yaml)"]),
      ])
  ]
)
