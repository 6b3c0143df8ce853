import Foundation
import Testing

/// Every file the fuzzer of YAML files keeps or failed on, given to the program itself: whatever a file holds, it is good
/// or told to be wrong, and what is printed of a good one is read back.
@Suite struct ConfigCorpusTests {
  private static func files() -> [URL] {
    ["Corpus", "Crashes"].flatMap { folder in
      let url = Program.root.appending(path: "Fuzz/\(folder)/config-file")
      let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
      return names.sorted().map { url.appending(path: $0) }
    }
  }

  private func run(_ command: String, _ file: URL) throws -> (status: Int32?, lines: [String]) {
    let program = try Program("hynous-data", [command, "--config", file.path])
    let status = program.exitStatus()
    return (status, program.lines)
  }

  @Test func everyFileIsGoodOrToldToBeWrong() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hynous-corpus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = Self.files()
    #expect(files.count >= 4)
    var good = 0
    for file in files {
      let printed = try run("print-config", file)
      guard printed.status == 0 else {
        #expect(printed.status == 1, "\(file.lastPathComponent)")
        #expect(!printed.lines.isEmpty && printed.lines.allSatisfy { !$0.contains("Fatal error") })
        continue
      }
      good += 1
      let copy = folder.appending(path: "copy.yaml")
      try printed.lines.joined(separator: "\n").write(to: copy, atomically: true, encoding: .utf8)
      let again = try run("print-config", copy)
      #expect(again.status == 0 && again.lines == printed.lines, "\(file.lastPathComponent)")
    }
    #expect(good >= 1)
  }
}
