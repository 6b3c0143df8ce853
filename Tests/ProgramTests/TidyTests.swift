import Foundation
import Testing

/// The house rules a compiler does not check: sizes, bans, where things may stand.
@Suite struct TidyTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func swiftFiles(_ folders: String...) -> [(path: String, text: String)] {
    var found: [(String, String)] = []
    for folder in folders {
      let base = root.appending(path: folder)
      let walk = FileManager.default.enumerator(atPath: base.path)
      while let name = walk?.nextObject() as? String {
        guard name.hasSuffix(".swift"), !name.contains(".build") else { continue }
        let text = try? String(contentsOf: base.appending(path: name), encoding: .utf8)
        found.append(("\(folder)/\(name)", text ?? ""))
      }
    }
    return found.sorted { $0.0 < $1.0 }
  }

  @Test func filesStayShort() {
    let files = Self.swiftFiles("Sources", "Tests", "Fuzz")
    #expect(files.count > 50)
    for file in files {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
      #expect(lines <= 500, "\(file.path) has \(lines) lines; split it by subject")
    }
  }

  @Test func noUnfinishedBusinessIsSaidAloud() throws {
    let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "not imple" + "mented", "place" + "holder"]
    let said = try Regex("\\b(" + words.joined(separator: "|") + ")\\b")
    for file in Self.swiftFiles("Sources", "Tests", "Fuzz") {
      if let match = file.text.firstMatch(of: said) {
        Issue.record("\(file.path) says \(file.text[match.range])")
      }
    }
  }

  @Test func noModuleImportsFoundationOrDispatch() {
    for file in Self.swiftFiles("Sources") {
      for line in file.text.split(separator: "\n") where line.contains("import ") {
        let isBanned = line.hasSuffix("import Foundation") || line.hasSuffix("import Dispatch")
        #expect(!isBanned, "\(file.path): \(line) (7 MB of resident memory; see ARCHITECTURE.md)")
      }
    }
  }

  @Test func uncheckedSendableStandsInOneFile() {
    let files = Self.swiftFiles("Sources").filter { $0.text.contains("@unchecked " + "Sendable") }.map(\.path)
    #expect(files == ["Sources/Reactor/Mailbox.swift"])
  }

  @Test func clocksAreReadInReactorOnly() {
    let clocks = [
      "clock_gettime", "gettimeofday", "ContinuousClock", "SuspendingClock", "uv_hrtime", "uv_now(",
    ]
    // The simulated exchange's own program may say how long a run took.
    let allowed = ["Sources/Reactor/", "Sources/hynous-sim/"]
    for file in Self.swiftFiles("Sources") where !allowed.contains(where: file.path.hasPrefix) {
      for clock in clocks { #expect(!file.text.contains(clock), "\(file.path) reads \(clock)") }
    }
  }

  @Test func makefileStaysSmall() throws {
    let text = try String(contentsOf: Self.root.appending(path: "Makefile"), encoding: .utf8)
    let targets = text.split(separator: "\n").filter { $0.contains(": ") && $0.contains(" ## ") }
    #expect(targets.count <= 15)
  }
}
