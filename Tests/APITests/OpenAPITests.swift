import Testing

@testable import API

/// The OpenAPI document: structure, references, and the truth of its schemas.
@Suite struct OpenAPITests {
  private static func document() throws -> JSONTree {
    try #require(try TestClient().get("/openapi.json").json)
  }

  @Test func itDescribesEveryRoute() throws {
    let document = try Self.document()
    #expect(document["openapi"] == .text("3.1.0"))
    #expect(document["info"]?.keys == ["title", "description", "version"])
    let paths = try #require(document["paths"])
    for route in Route.all {
      let operation = try #require(paths["\(route.path)"]?["\(route.method.text)".lowercased()])
      #expect(operation["operationId"] == .text(route.name))
      let parameters = operation["parameters"]?.elements ?? []
      #expect(parameters.map { $0["name"]?.string } == route.parameters.map(\.name))
      for parameter in parameters {
        #expect(["path", "query"].contains(parameter["in"]?.string))
        #expect(parameter["required"] == .flag(parameter["in"] == .text("path")))
        #expect(parameter["schema"]?["type"] != nil)
      }
      #expect(operation["responses"]?["200"]?["description"]?.string?.isEmpty == false)
      #expect((operation["responses"]?["422"] != nil) == route.canRefuse)
    }
    #expect(paths.keys.count == Set(Route.all.map { "\($0.path)" }).count)
  }

  @Test func boundsAndDefaultsArePrinted() throws {
    let client = TestClient(
      Router(views: FixedViews.make(), options: APIOptions(), routes: Route.all))
    let document = try #require(try client.get("/openapi.json").json)
    let parameters = try #require(document["paths"]?["/v1/smart-money"]?["get"]?["parameters"]).elements
    #expect(
      parameters[0]["schema"]
        == (try JSONTree(#"{"type":"integer","minimum":1,"maximum":200,"default":50}"#)))
    #expect(
      parameters[1]["schema"] == (try JSONTree(#"{"type":"number","minimum":0,"maximum":1,"default":0}"#)))
    #expect(parameters[2]["schema"] == (try JSONTree(#"{"type":"string","default":""}"#)))
    #expect(parameters[3]["schema"] == (try JSONTree(#"{"type":"boolean","default":false}"#)))
  }

  @Test func everyReferenceResolvesAndEverySchemaIsUsed() throws {
    let document = try Self.document()
    let named = try #require(document["components"]?["schemas"])
    var used: Set<String> = []
    func walk(_ tree: JSONTree) {
      if let reference = tree["$ref"]?.string {
        let name = String(reference.dropFirst("#/components/schemas/".count))
        #expect(named[name] != nil, "\(reference)")
        used.insert(name)
      }
      for key in tree.keys where key != "example" { walk(tree[key] ?? .null) }
      tree.elements.forEach(walk)
    }
    walk(document)
    #expect(used == Set(named.keys))
  }

  @Test func goldenAnswersAndExamplesFitTheirSchemas() throws {
    let validator = SchemaValidator(document: try Self.document())
    var checked = 0
    for golden in GoldenCase.all where golden.method != "HEAD" {
      let answer = try GoldenTests.answer(golden)
      guard answer.status != 307, answer.header("content-type") == "application/json" else { continue }
      let route = Route.all.first { $0.name == golden.route } ?? .orderFlow
      let method = "\(route.method.text)".lowercased()
      let problems = validator.problems(
        try #require(answer.json), "\(route.path)", method, answer.status)
      #expect(problems.isEmpty, "\(golden.file): \(problems)")
      checked += 1
    }
    #expect(checked >= 100)
    for route in Route.all {
      for answer in route.answers + (route.canRefuse ? [APIText.refusal] : [])
      where !answer.example.isEmpty && answer.schema != nil {
        let example = try JSONTree(answer.example)
        let method = "\(route.method.text)".lowercased()
        let problems = validator.problems(example, "\(route.path)", method, answer.status)
        #expect(problems.isEmpty, "example of \(route.name): \(problems)")
      }
    }
  }

  @Test func refusalsFitTheirSchema() throws {
    let router = Router(views: FixedViews.make(), options: APIOptions(), routes: Route.all)
    let client = TestClient(router)
    let validator = SchemaValidator(document: try #require(try client.get("/openapi.json").json))
    let answer = try client.get("/v1/smart-money?top_n=x&min_win_rate=7&exclude_bots=%22")
    #expect(answer.status == 422)
    #expect(answer.json?["detail"]?.elements.count == 3)
    #expect(validator.problems(try #require(answer.json), "/v1/smart-money", "get", 422).isEmpty)
  }

  @Test func theValidatorFindsWrongAnswers() throws {
    let validator = SchemaValidator(document: try Self.document())
    func health(
      status: String = "\"ok\"", uptime: String = "1.5", found: String = "1", healthy: String = "null",
      more: String = ""
    ) -> String {
      "{\"status\":\(status),\"uptime_seconds\":\(uptime),\"addresses_discovered\":\(found),"
        + "\"positions_tracked\":2,\"ws_healthy\":\(healthy)\(more)}"
    }
    for good in [
      health(), health(uptime: "2"), health(healthy: "true"), health(more: ",\"reasons\":[\"x\"]"),
    ] {
      #expect(validator.problems(try JSONTree(good), "/health", "get", 200).isEmpty, "\(good)")
    }
    for bad in [
      "{\"status\":\"ok\"}", "[]", "null", health(status: "\"fine\""), health(uptime: "\"1\""),
      health(found: "1.5"), health(healthy: "0"), health(more: ",\"reasons\":[1]"),
    ] {
      #expect(!validator.problems(try JSONTree(bad), "/health", "get", 200).isEmpty, "\(bad)")
    }
  }
}
