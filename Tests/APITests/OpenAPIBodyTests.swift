import Testing

@testable import API

/// What the OpenAPI document says about bodies, tokens and tags is what the routes do.
@Suite struct OpenAPIBodyTests {
  private static func document() throws -> JSONTree {
    try #require(try TestClient().get("/openapi.json").json)
  }

  private static func operation(_ document: JSONTree, _ route: Route) throws -> JSONTree {
    try #require(document["paths"]?["\(route.path)"]?["\(route.method.text)".lowercased()])
  }

  @Test func bodiesAreDescribed() throws {
    let document = try Self.document()
    let validator = SchemaValidator(document: document)
    for route in Route.all {
      let content = try Self.operation(document, route)["requestBody"]?["content"]?["application/json"]
      #expect((content != nil) == (route.body != nil), "\(route.name)")
      guard let body = route.body, let content else { continue }
      #expect(content["schema"]?["$ref"]?.string == "#/components/schemas/\(body.name)")
      #expect(validator.problems(try JSONTree(body.example), against: content["schema"] ?? .null).isEmpty)
      let schema = try #require(document["components"]?["schemas"]?[body.name])
      #expect(schema["properties"]?.keys == body.fields.map(\.name))
      #expect(
        (schema["required"]?.elements ?? []).map(\.string) == body.fields.filter(\.isRequired).map(\.name))
    }
    let bodies = Route.all.compactMap(\.body)
    #expect(Set(bodies.map(\.name)).count == bodies.count)
    #expect(bodies.count >= 4)
  }

  @Test func examplesOfBodiesAreTaken() throws {
    for route in Route.all {
      guard let body = route.body else { continue }
      let client = TestClient(views: FixedViews.make { $0.submit = { _ in WriteTicket(1) } })
      let text =
        "\(route.method.text) \(route.example) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.example.utf8.count)\r\n\r\n\(body.example)"
      client.send(text)
      // Parked until it is stored, or answered at once; refused it is not.
      let statuses = try client.take().map(\.status)
      #expect(statuses.isEmpty || statuses == [404], "\(route.name): \(statuses)")
    }
  }

  @Test func theTokenIsOneOfTwoWays() throws {
    let document = try Self.document()
    #expect(document["security"]?.elements.map(\.keys) == [[], ["token"]])
    let scheme = document["components"]?["securitySchemes"]?["token"]
    #expect(scheme?["type"]?.string == "http")
    #expect(scheme?["scheme"]?.string == "bearer")
    for route in Route.all {
      let operation = try Self.operation(document, route)
      #expect((operation["responses"]?["401"] == nil) == route.isOpen)
      #expect(operation["security"]?.elements.isEmpty == (route.isOpen ? true : nil))
    }
  }

  @Test func everyStatusIsSaidOnce() throws {
    let document = try Self.document()
    for route in Route.all {
      let responses = try #require(try Self.operation(document, route)["responses"])
      #expect(Set(responses.keys).count == responses.keys.count, "\(route.name): \(responses.keys)")
      #expect((responses["304"] != nil) == route.isTagged)
      // A write may always fail to be stored.
      #expect(route.method == .get || responses["503"] != nil, "\(route.name)")
    }
  }

  @Test func taggedRoutesAreTagged() throws {
    for route in Route.all where route.method == .get {
      let client = TestClient()
      let answer = try client.get(route.example)
      guard answer.status == 200 else { continue }
      let tag = answer.header("etag")
      #expect((tag != nil) == route.isTagged, "\(route.name)")
      guard let tag else { continue }
      #expect(try client.get(route.example, headers: [("If-None-Match", tag)]).status == 304, "\(route.name)")
    }
  }
}
