import Foundation
import Testing

/// HTTP clients as they really are: slow, greedy, rude, many.
@Suite(.serialized) struct ClientFaultTests {
  private let service: Service

  init() throws {
    service = try Service(
      exchange: ["--trades-per-second", "50", "--accounts", "100"],
      settings: ["HYNOUS_SERVER_MAX_CONNECTIONS": "1024"])
  }

  private func isHealthy() throws -> Bool { try service.get("/health").status == 200 }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let client = try LoopbackClient(port: service.port)
    let paths = ["/health", "/v1/orderflow/BTC", "/nope", "/v1/orderflow/ETH", "/v1/stats"]
    try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
    #expect(try client.answer().json()["status"] != nil)
    #expect(try client.answer().json()["coin"] as? String == "BTC")
    #expect(try client.answer().status == 404)
    #expect(try client.answer().json()["coin"] as? String == "ETH")
    #expect(try client.answer().json()["rate_limiter"] != nil)
  }

  @Test func thousandsOfPipelinedRequestsAreHeldBackNotLost() throws {
    let client = try LoopbackClient(port: service.port)
    let request = "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let count = 3000
    client.sendAside(String(repeating: request, count: count))
    for index in 0..<count { #expect(try client.answer().status == 200, "answer \(index)") }
    #expect(try isHealthy())
  }

  @Test func aByteAtATimeIsARequestToo() throws {
    let client = try LoopbackClient(port: service.port)
    for byte in "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" { try client.send(String(byte)) }
    #expect(try client.answer().status == 200)
  }

  @Test func aHalfClosedClientStillGetsItsAnswer() throws {
    let client = try LoopbackClient(port: service.port)
    try client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.finishSending()
    #expect(try client.answer().status == 200)
    #expect(client.isClosedByPeer())
  }

  @Test(arguments: [
    ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ("GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 20000))\r\n\r\n", 431),
    ("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
    ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/2.7\r\nHost: x\r\n\r\n", 505), ("nonsense\r\n\r\n", 400),
    ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 400),
  ])
  func badRequestsAreRefusedInJSONAndClosed(_ text: String, _ status: Int) throws {
    let client = try LoopbackClient(port: service.port)
    try client.send(text)
    let answer = try client.answer()
    #expect(answer.status == status)
    #expect(answer.headers["content-type"] == "application/json")
    #expect(try answer.json().isEmpty == false)
    #expect(client.isClosedByPeer())
    #expect(try isHealthy())
  }

  @Test func clientsBeyondTheLimitAreToldAndTheOthersServed() throws {
    var clients: [LoopbackClient] = []
    var refused = 0
    for _ in 0..<1200 {
      let client = try LoopbackClient(port: service.port)
      try? client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let status = (try? client.answer())?.status
      if status == 200 { clients.append(client) } else { refused += 1 }
    }
    #expect(clients.count == 1024)
    #expect(refused == 1200 - 1024)
    #expect(try clients[0].get("/health").status == 200)
    #expect(try clients[1023].get("/v1/orderflow/BTC").status == 200)
    clients.removeAll()
    let recovered = service.daemon.eventually { (try? isHealthy()) == true }
    #expect(recovered)
  }

  @Test func stoppingAnswersWhatWasAsked() throws {
    let client = try LoopbackClient(port: service.port)
    #expect(try client.get("/health").headers["connection"] != "close")
    try client.send("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
    // The second byte of the body comes only after the stop has begun.
    service.daemon.signal(SIGTERM)
    #expect(service.daemon.line(holding: "stopping") != nil)
    try client.send("}")
    let answer = try client.answer()
    #expect(answer.status == 405)
    #expect(answer.headers["connection"] == "close")
    #expect(service.daemon.exitStatus(seconds: 6) == 0)
  }
}
