import Foundation
import Testing

@testable import API

/// The register is complete and consistent: every file is listed, every declaration fits its path.
@Suite struct RegisterTests {
  @Test func everyFileInRoutesIsListed() throws {
    let sources = Contract.projectRoot.appendingPathComponent("Sources/API")
    let list = try String(contentsOf: sources.appendingPathComponent("Routes.swift"), encoding: .utf8)
    let files = try FileManager.default.contentsOfDirectory(
      atPath: sources.appendingPathComponent("Routes").path)
    var declared = 0
    for file in files where file.hasSuffix(".swift") {
      let path = sources.appendingPathComponent("Routes/\(file)").path
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let names = text.matches(of: /static let (\w+) = Route\(/).map { String($0.1) }
      #expect(names.count == 1, "\(file) declares \(names.count) routes; one file, one route")
      for name in names {
        declared += 1
        #expect(list.contains("    .\(name),\n"), "\(file): .\(name) is not listed in Routes.swift")
      }
    }
    #expect(declared == Route.all.count)
  }

  @Test func namesAndPathsAreUnique() {
    #expect(Set(Route.all.map(\.name)).count == Route.all.count)
    #expect(Set(Route.all.map { "\($0.method.text) \($0.path)" }).count == Route.all.count)
  }

  @Test func pathParametersAreDeclaredInThePathsOrder() {
    for route in Route.all {
      let inPath = "\(route.path)".matches(of: /\{(\w+)\}/).map { String($0.1) }
      #expect(route.parameters.filter { $0.place == .path }.map(\.name) == inPath, "\(route.path)")
      #expect(route.parameters.prefix(inPath.count).allSatisfy { $0.place == .path }, "\(route.path)")
      #expect(Set(route.parameters.map(\.name)).count == route.parameters.count)
    }
  }

  @Test func everyRouteIsExplained() {
    for route in Route.all {
      #expect(!route.summary.isEmpty && route.about.count > 20, "\(route.name)")
      #expect(route.parameters.allSatisfy { !$0.about.isEmpty }, "\(route.name)")
      #expect(route.answers.first?.status == 200, "\(route.name)")
    }
  }

  @Test func examplesAreAnswered() throws {
    for route in Route.all where route.method == .get {
      #expect(try TestClient().get(route.example).status == 200, "\(route.example)")
    }
  }
}
