import Base
import Testing
import Wire

@testable import API

/// Who may ask: tokens, pages of other origins, and how often.
@Suite struct GatesTests {
  private func client(_ options: APIOptions, _ routes: [Route] = BodyRoutes.all + Route.all) -> TestClient {
    // A route of the register may stand where one of the tests' does.
    var seen: Set<String> = []
    let routes = routes.filter { seen.insert("\($0.method) \($0.path)").inserted }
    return TestClient(Router(views: FixedViews.make(), options: options, routes: routes))
  }

  private func post(_ client: TestClient, _ headers: [(String, String)] = []) throws -> TestClient.Answer {
    let body = #"{"address":"0x1234567890"}"#
    var text = "POST /v1/smart-money/watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    client.send(text + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    return try #require(try client.take().first)
  }

  @Test func withoutATokenAnybodyMayWrite() throws {
    #expect(try post(client(APIOptions())).status == 200)
    #expect(try post(client(APIOptions(token: ""))).status == 200)
    // Reads are protected by the token, so without one they are not.
    #expect(try client(APIOptions(protectReads: true)).get("/health").status == 200)
  }

  @Test func writesNeedTheToken() throws {
    let client = client(APIOptions(token: "s3cret"))
    #expect(try client.get("/health").status == 200)
    #expect(try client.get("/health", method: "HEAD").status == 200)
    let missing = try post(client)
    #expect(missing.status == 401)
    #expect(missing.text == #"{"detail":"Not authenticated"}"#)
    #expect(missing.header("www-authenticate") == "Bearer")
    #expect(missing.header("content-type") == "application/json")
    for wrong in [
      "Bearer s3cre", "Bearer s3cret1", "Bearer S3cret", "Bearer ", "Bearer s3cret s3cret",
      "Bearer s3crets3cret",
    ] {
      let answer = try post(client, [("Authorization", wrong)])
      #expect(answer.status == 401, "\(wrong)")
      #expect(answer.header("www-authenticate")?.hasPrefix("Bearer") == true)
    }
    #expect(try post(client, [("Authorization", "Basic s3cret")]).header("www-authenticate") == "Bearer")
    #expect(try post(client, [("Authorization", "Bearer s3cret")]).status == 200)
    #expect(try post(client, [("authorization", "bearer s3cret")]).status == 200)
    // What stands nowhere is not told apart by a token.
    #expect(try client.get("/v1/nope", method: "POST").status == 404)
    #expect(try client.get("/health", method: "POST").status == 405)
  }

  @Test func readsCanNeedItToo() throws {
    let client = client(APIOptions(token: "t", protectReads: true))
    for path in ["/health", "/metrics", "/v1/stats", "/docs", "/openapi.json", "/v1/orderflow/BTC"] {
      #expect(try client.get(path).status == 401, "\(path)")
      #expect(try client.get(path, headers: [("Authorization", "Bearer t")]).status == 200, "\(path)")
    }
  }

  @Test func probesNeedNone() throws {
    let client = client(APIOptions(token: "t", protectReads: true))
    for path in ["/livez", "/readyz"] {
      #expect(try client.get(path).status == 200, "\(path)")
      #expect(try client.get(path, method: "HEAD").status == 200)
      #expect(try client.get(path, headers: [("Authorization", "Bearer wrong")]).status == 200)
      // Whose name it is called by matters all the same.
      #expect(try client.get(path, headers: [("Host", "evil.example")]).status == 421)
    }
    #expect(Route.all.filter(\.isOpen).map(\.name) == ["livez", "readyz"])
  }

  @Test func withoutOriginsNothingIsSaidToPages() throws {
    let client = client(APIOptions())
    let preflight = try client.get(
      "/health", method: "OPTIONS",
      headers: [("Origin", "http://x"), ("Access-Control-Request-Method", "GET")])
    #expect(preflight.status == 405)
    #expect(preflight.header("allow") == "GET")
    let answer = try client.get("/health", headers: [("Origin", "http://x")])
    #expect(answer.headers.map(\.name) == ["content-type", "date", "content-length"])
  }

  @Test func listedOriginsMayAsk() throws {
    let client = client(APIOptions(token: "t", corsOrigins: ["https://a.example", "http://localhost:3000"]))
    let origin = ("Origin", "http://localhost:3000")
    let answer = try client.get("/health", headers: [origin])
    #expect(answer.header("access-control-allow-origin") == "http://localhost:3000")
    #expect(answer.header("vary") == "origin")
    // Errors too, or the page could not read them.
    let missing = try client.get("/v1/nope", headers: [origin])
    #expect(missing.status == 404)
    #expect(missing.header("access-control-allow-origin") == "http://localhost:3000")
    #expect(try post(client, [origin]).header("access-control-allow-origin") == "http://localhost:3000")
    // A preflight carries no token.
    let preflight = try client.get(
      "/v1/smart-money/watch", method: "OPTIONS",
      headers: [origin, ("Access-Control-Request-Method", "POST")])
    #expect(preflight.status == 204)
    #expect(preflight.header("access-control-allow-origin") == "http://localhost:3000")
    #expect(preflight.header("access-control-allow-methods") == "POST")
    #expect(preflight.header("access-control-allow-headers")?.contains("authorization") == true)
    for other in ["http://localhost:3001", "https://a.example.evil", "null", "HTTP://localhost:3000", ""] {
      let answer = try client.get("/health", headers: [("Origin", other)])
      #expect(answer.header("access-control-allow-origin") == nil, "\(other)")
      #expect(answer.header("vary") == "origin")
      let preflight = try client.get("/health", method: "OPTIONS", headers: [("Origin", other)])
      #expect(preflight.status == 405)
    }
    #expect(try client.get("/health").header("vary") == "origin")
  }

  @Test func aStarAllowsEveryOrigin() throws {
    let client = client(APIOptions(corsOrigins: ["*"]))
    let answer = try client.get("/health", headers: [("Origin", "https://b.example")])
    #expect(answer.header("access-control-allow-origin") == "*")
    #expect(answer.header("vary") == nil)
    #expect(try client.get("/health").header("access-control-allow-origin") == nil)
  }

  @Test func headersOfOneClientDoNotReachTheNext() throws {
    let router = Router(views: FixedViews.make(), options: APIOptions(corsOrigins: ["http://a"]))
    _ = try TestClient(router).get("/health", headers: [("Origin", "http://a")])
    let broken = TestClient(router)
    broken.send("nonsense\r\n\r\n")
    #expect(try broken.take().first?.header("access-control-allow-origin") == nil)
  }

  @Test func aFloodIsAnsweredBriefly() throws {
    let client = client(APIOptions(requestsPerSecondMax: 5))
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.send(String(repeating: request, count: 7))
    let answers = try client.take()
    #expect(answers.map(\.status) == [200, 200, 200, 200, 200, 429, 429])
    #expect(answers[6].text == #"{"detail":"Too Many Requests"}"#)
    #expect(answers[6].header("retry-after") == "1")
    #expect(client.outcome == .open)
    client.now = client.now + .seconds(1)
    #expect(try client.get("/health").status == 200)
  }

  @Test func anAddressIsCountedOverAllItsConnections() throws {
    let options = APIOptions(networkRequestsPerSecondMax: 5)
    let router = Router(views: FixedViews.make(), options: options)
    let near = UInt64(0x7f00_0002)
    let request = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    var last: TestClient?
    for wanted in [[200, 200, 200, 200], [200, 429, 429, 429], [429, 429, 429, 429]] {
      // Each on a connection of its own: opening a new one gains nothing.
      let client = TestClient(router, network: near)
      client.send(String(repeating: request, count: 4))
      #expect(try client.take().map(\.status) == wanted)
      last = client
    }
    for other in [0, near + 1, 1 << 63] {
      let client = TestClient(router, network: other)
      client.send(request)
      #expect(try client.take().map(\.status) == [200], "\(other)")
    }
    // This machine is counted by connection only.
    let here = TestClient(router)
    here.send(String(repeating: request, count: 20))
    #expect(try here.take().allSatisfy { $0.status == 200 })
    let client = try #require(last)
    client.now = client.now + .seconds(1)
    #expect(try client.get("/livez").status == 200)
    #expect(router.refusedFlood == 7)
  }

  @Test func everyAddressHasAPlaceThatIsNotThisMachines() {
    var random = PRNG(seed: 7)
    for _ in 0..<100_000 {
      let network = random.next() >> UInt64(random.next() % 64)
      #expect((NetworkRates.place(of: network) == .here) == (network == 0))
    }
    // Neighbours are counted apart.
    #expect(Set((1...100).map { NetworkRates.place(of: UInt64(0xc0a8_0100 + $0)) }).count == 100)
  }
}
