import Testing

@testable import API

/// The documentation page: complete, self-contained, well-formed.
@Suite struct DocsTests {
  private func page(_ routes: [Route] = Route.all) throws -> String {
    let answer = try TestClient(
      Router(views: FixedViews.make(), options: APIOptions(version: "1.2.3"), routes: routes)
    ).get("/docs")
    #expect(answer.status == 200)
    #expect(answer.header("content-type") == "text/html; charset=utf-8")
    return answer.text
  }

  @Test func everyRouteIsShownWithParametersAndAnswer() throws {
    let page = try page()
    for route in Route.all {
      #expect(page.contains("<section id=\"\(route.name)\">"))
      #expect(page.contains("\(route.path)"))
      if route.method == .get { #expect(page.contains("href=\"\(route.example)\"")) }
      for parameter in route.parameters { #expect(page.contains("<code>\(parameter.name)</code>")) }
      for answer in route.answers where !answer.example.isEmpty { #expect(page.contains("<pre>{")) }
    }
    #expect(page.contains("1.2.3"))
  }

  @Test func nothingIsLoadedFromElsewhere() throws {
    let page = try page()
    for sign in ["http://", "https://", "src=", "@import", "url(", "<script", "<link", "<iframe"] {
      #expect(!page.contains(sign), "\(sign)")
    }
    #expect(page.contains("prefers-color-scheme: dark"))
  }

  @Test func boundsAndDefaultsAreShown() throws {
    let page = try page()
    for text in [
      "integer, 1 to 5000", "number, 1 to 168", "integer, at least 0", "true or false", "<td>24</td>",
      "<td>false</td>", "<td>empty</td>",
    ] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test func elementsAreClosedInOrder() throws {
    let page = try page()
    var open: [String] = []
    for match in page.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/) {
      let name = String(match.2)
      if ["meta", "br"].contains(name) { continue }
      if match.1.isEmpty {
        open.append(name)
      } else {
        #expect(open.popLast() == name)
      }
    }
    #expect(open.isEmpty)
  }

  @Test func textIsEscaped() throws {
    let route = Route(
      .get, "/x", name: "x", summary: "a < b & c", about: "say `<b>\"hi\"</b>`", example: "/x?a=\"><script>",
      answers: [.init(200, "<i>", nil)]
    ) { call in _ = call.begin(200) }
    let page = try page([route, .docs])
    #expect(page.contains("a &lt; b &amp; c"))
    #expect(page.contains("<code>&lt;b&gt;&quot;hi&quot;&lt;/b&gt;</code>"))
    #expect(!page.contains("<script>") && !page.contains("<i>"))
  }

  @Test func examplesAreSpreadOverLines() {
    #expect(PrettyJSON.text("{}") == "{}")
    #expect(
      PrettyJSON.text(#"{"a":[1,2],"b":"x,{y}\"]"}"#) == "{\n  \"a\": [1,2],\n  \"b\": \"x,{y}\\\"]\"\n}")
    #expect(PrettyJSON.text(#"{"a":{"b":{}}}"#) == "{\n  \"a\": {\n    \"b\": {}\n  }\n}")
  }
}
