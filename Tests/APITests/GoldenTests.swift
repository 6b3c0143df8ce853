import Base
import Foundation
import Testing

@testable import API

/// Every route's answers, to the byte. `HYNOUS_GOLDEN=write` rewrites the files; then look at the diff.
@Suite struct GoldenTests {
  static let folder = Contract.projectRoot.appendingPathComponent("Tests/Golden")
  private static let isWriting = ProcessInfo.processInfo.environment["HYNOUS_GOLDEN"] == "write"

  @Test func answersAreAsKept() throws {
    for golden in GoldenCase.all {
      let text = try GoldenTests.render(golden)
      let url = GoldenTests.folder.appendingPathComponent(golden.file)
      if GoldenTests.isWriting { try Data(text.utf8).write(to: url) }
      let kept = try? String(contentsOf: url, encoding: .utf8)
      #expect(kept == text, "\(golden.file) differs; `make golden` rewrites it")
    }
  }

  @Test func everyRouteHasAGoldenAndEveryGoldenACase() throws {
    for route in Route.all {
      #expect(GoldenCase.all.contains { $0.route == route.name }, "route \(route.name) has no golden answer")
    }
    let known = Set(GoldenCase.all.map(\.file))
    #expect(known.count == GoldenCase.all.count, "two cases share a file")
    for file in try FileManager.default.contentsOfDirectory(atPath: GoldenTests.folder.path) {
      let isOurs = Route.all.contains { file.hasPrefix("\($0.name)-") } || file.hasPrefix("error-")
      #expect(!isOurs || known.contains(file), "\(file) belongs to no case")
    }
  }

  /// The answer to a case's request.
  static func answer(_ golden: GoldenCase) throws -> TestClient.Answer {
    let views = FixedViews.make(golden.fill)
    let store = TestStore(views)
    golden.store(store)
    var headers = golden.headers
    if golden.body != nil, !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
      headers.append(("Content-Type", "application/json"))
    }
    let client = TestClient(
      Router(views: views, options: APIOptions(version: "1.2.3")), now: views.now.instant)
    return try client.ask(golden.method, golden.path, headers, golden.body.map { Array($0.utf8) }, store)
  }

  /// The answer's status, headers and body as one JSON text; a JSON body stands in it as it is.
  static func render(_ golden: GoldenCase) throws -> String {
    let answer = try answer(golden)
    var text =
      "{\"request\":{\"method\":\(quoted(golden.method)),\"path\":\(quoted(golden.path)),\"headers\":{"
    text += golden.headers.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",")
    text += "}\(golden.body.map { ",\"body\":\(quoted($0))" } ?? "")},\n"
    text += "\"response\":{\"status\":\(answer.status),\"headers\":{"
    // Every answer has the same date. A tag counts the changes behind the answer, which is the engines' own business.
    text += answer.headers.filter { $0.name != "date" }
      .map { "\(quoted($0.name)):\(quoted($0.name == "etag" ? "W/..." : $0.value))" }
      .joined(separator: ",")
    if answer.header("content-type") == "application/json", !answer.body.isEmpty {
      return text + "},\n\"body\":\n\(answer.text)\n}}\n"
    }
    return text + "},\n\"text\":\(quoted(answer.text))}}\n"
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(
      of: "\"", with: "\\\"")
    return "\"" + escaped.replacingOccurrences(of: "\n", with: "\\n") + "\""
  }
}
