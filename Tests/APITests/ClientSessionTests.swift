import Base
import Testing

@testable import API

/// A connection's behaviour, byte by byte and moment by moment.
@Suite struct ClientSessionTests {
  private static let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

  @Test func aRequestCutAnywhereIsAnsweredOnce() throws {
    let bytes = Array(Self.health.utf8)
    for cut in 1..<bytes.count {
      let client = TestClient()
      #expect(client.send(Array(bytes[..<cut])) == .open)
      #expect(client.out.isEmpty, "answered after \(cut) bytes")
      #expect(client.send(Array(bytes[cut...])) == .open)
      #expect(try client.take().map(\.status) == [200])
    }
  }

  @Test func everyAnswerTellsTheDate() throws {
    for (line, status) in [
      ("GET /health HTTP/1.1", 200), ("HEAD /health HTTP/1.0", 200), ("GET /nope HTTP/1.1", 404),
      ("GET /health/ HTTP/1.1", 307), ("PUT /health HTTP/1.1", 405), ("GET  / HTTP/1.1", 400),
    ] {
      let client = TestClient()
      _ = client.send("\(line)\r\nHost: localhost\r\n\r\n")
      let head = String(decoding: client.out.bytes, as: UTF8.self)
      #expect(head.hasPrefix("HTTP/1.1 \(status)"))
      #expect(head.contains(/\r\ndate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
    }
  }

  @Test func aRequestByteAtATimeIsAnswered() throws {
    let client = TestClient()
    for byte in Array((Self.health + Self.health).utf8) { #expect(client.send([byte]) == .open) }
    #expect(try client.take().map(\.status) == [200, 200])
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let client = TestClient()
    var text = ""
    for path in ["/health", "/nope", "/v1/orderflow/BTC", "/health/"] {
      text += "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    }
    #expect(client.send(text) == .open)
    #expect(try client.take().map(\.status) == [200, 404, 200, 307])
  }

  @Test func pipelinedRequestsCutAnywhereGiveTheSameAnswers() throws {
    var text = ""
    for path in ["/v1/orderflow/BTC", "/nope", "/v1/orderflow/nope"] {
      text += "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    }
    let bytes = Array(text.utf8)
    let whole = TestClient()
    whole.send(bytes)
    let expected = [UInt8](whole.out.bytes)
    for cut in stride(from: 1, to: bytes.count, by: 3) {
      let client = TestClient()
      client.send(Array(bytes[..<cut]))
      client.send(Array(bytes[cut...]))
      #expect([UInt8](client.out.bytes) == expected, "cut at \(cut)")
    }
  }

  @Test func headHasTheHeadersOfGetAndNoBody() throws {
    for path in ["/health", "/v1/orderflow/BTC", "/v1/nope", "/docs", "/v1/orderflow/%FF"] {
      let client = TestClient()
      let get = try client.get(path)
      let head = try client.get(path, method: "HEAD")
      #expect(head.status == get.status)
      #expect(head.headers.map { "\($0)" } == get.headers.map { "\($0)" })
      #expect(head.body.isEmpty && !get.body.isEmpty)
    }
  }

  @Test func headIsAnsweredInAPipeline() throws {
    let client = TestClient()
    client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + Self.health)
    #expect(try client.take(heads: [0]).map(\.status) == [200, 200])
  }

  @Test func aClientMayAskToClose() throws {
    let client = TestClient()
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    #expect(client.send(request + Self.health) == .closeAfterFlush)
    let answers = try client.take()
    #expect(answers.count == 1, "what follows a close is not answered")
    #expect(answers[0].header("connection") == "close")
    #expect(client.send(Self.health) == .closeAfterFlush)
    #expect(client.out.isEmpty)
  }

  @Test func oldClientsAreAnsweredAndClosed() throws {
    let client = TestClient()
    #expect(client.send("GET /health HTTP/1.0\r\n\r\n") == .closeAfterFlush)
    #expect(try client.take().map(\.status) == [200])
  }

  @Test(arguments: [
    ("NONSENSE\r\n\r\n", 400), ("GET /health\r\n\r\n", 400), ("GET /health HTTP/1.1\r\n\r\n", 400),
    ("GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    ("GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (
      "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400
    ),
    ("GET /health HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400),
    ("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
  ])
  func whatCannotBeReadIsRefusedInJSONAndClosed(request: String, status: Int) throws {
    let client = TestClient()
    #expect(client.send(request) == .closeAfterFlush)
    let answers = try client.take()
    #expect(answers.map(\.status) == [status])
    #expect(answers[0].header("content-type") == "application/json")
    #expect(answers[0].header("connection") == "close")
    #expect(answers[0].json?["detail"]?.string?.isEmpty == false)
  }

  @Test func overlongRequestsAreRefused() throws {
    for (request, statuses) in [
      ("GET /\(String(repeating: "a", count: 70_000)) HTTP/1.1\r\n\r\n", [414, 400]),
      ("GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 70_000))\r\n\r\n", [431]),
      ("GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 500) + "\r\n", [431]),
    ] {
      let client = TestClient()
      #expect(client.send(request) == .closeAfterFlush)
      #expect(statuses.contains(try client.take()[0].status))
    }
  }

  @Test func aBodyIsReadOverAndTheNextRequestAnswered() throws {
    let client = TestClient()
    let post = "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
    let chunked =
      "POST /nope HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    for piece in (post + chunked + Self.health).utf8.map({ [$0] }) { client.send(piece) }
    #expect(try client.take().map(\.status) == [405, 404, 200])
  }

  @Test func anExpectedContinueIsSentOnce() throws {
    let client = TestClient()
    client.send(
      "POST /health HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    #expect(String(decoding: client.out.bytes, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    client.out.removeAll()
    client.send("he")
    #expect(client.out.isEmpty)
    client.send("llo")
    #expect(try client.take().map(\.status) == [405])
  }

  @Test func anEmptyLineOfOneClientIsNotHeldAgainstAnother() throws {
    let router = Router(views: FixedViews.make(), options: APIOptions())
    let first = TestClient(router)
    first.send("\r\n")
    let second = TestClient(router)
    second.send("\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try second.take().map(\.status) == [200])
    first.send("\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try first.take().map(\.status) == [400])
  }
}
