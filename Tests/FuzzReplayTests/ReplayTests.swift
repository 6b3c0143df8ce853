import Foundation
import FuzzTargets
import Testing

/// Every seed of the corpora and every past crash, through the same targets, without the fuzzer.
@Suite struct ReplayTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fuzz")

  private static func files(_ folder: String, _ target: FuzzTarget) -> [URL] {
    let url = root.appending(path: "\(folder)/\(target.name)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.sorted().map { url.appending(path: $0) }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func replays(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let seeds = Self.files("Corpus", target)
    #expect(!seeds.isEmpty, "Fuzz/Corpus/\(name) holds no seed")
    for file in seeds + Self.files("Crashes", target) {
      let bytes = [UInt8](try Data(contentsOf: file))
      // Past the end lies memory that must not be read: a copy of exactly the size.
      let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
      exact.copyBytes(from: bytes)
      target.run(UnsafeRawBufferPointer(rebasing: exact[..<bytes.count]))
      exact.deallocate()
    }
  }

  @Test func everyTargetFileIsListedAndNamesAreUnique() throws {
    let folder = Self.root.appending(path: "Targets")
    let listed = try String(contentsOf: folder.appending(path: "Targets.swift"), encoding: .utf8)
    var declared = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      for match in text.matches(of: /public static let (\w+)(?:: FuzzTarget)? = FuzzTarget/) {
        declared += 1
        #expect(
          listed.contains(".\(match.1)"), "\(name) declares \(match.1), which Targets.swift does not list")
      }
    }
    #expect(declared == FuzzTarget.all.count)
    #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
  }
}
