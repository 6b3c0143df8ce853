import Base
import Testing

@testable import API

/// Deadlines, bursts, half-closed clients and the graceful stop.
@Suite struct ClientSessionTimeTests {
  private static let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

  private func expire(_ client: TestClient) -> ClientSession.Outcome {
    client.session.expire(now: client.now, into: client.out)
  }

  @Test func anIdleConnectionIsKeptForSixMinutes() throws {
    let client = TestClient()
    for _ in 0..<3 {
      client.send(Self.health)
      #expect(client.session.deadline - client.now >= .seconds(330))
      client.now = client.now + .seconds(329)
      #expect(expire(client) == .open)
    }
    _ = try client.take()
    client.now = client.session.deadline
    #expect(expire(client) == .closeAfterFlush)
    #expect(client.out.isEmpty, "an idle connection is closed without words")
  }

  @Test func aConnectionThatNeverSpeaksIsClosedSoon() {
    let client = TestClient()
    #expect(client.session.deadline - client.now == ClientSession.idleTimeout)
  }

  @Test func aSlowHeadIsTimedOutHoweverOftenAByteComes() throws {
    let client = TestClient()
    var left = Array("GET /health HTTP/1.1\r\nHost: localhost\r\nX: ".utf8)[...]
    client.send([left.removeFirst()])
    let deadline = client.session.deadline
    #expect(deadline - client.now == .seconds(10))
    while client.now + .seconds(1) < deadline {
      client.now = client.now + .seconds(1)
      client.send([left.removeFirst()])
      #expect(client.session.deadline == deadline)
      #expect(expire(client) == .open)
    }
    client.now = deadline
    #expect(expire(client) == .closeAfterFlush)
    let answers = try client.take()
    #expect(answers.map(\.status) == [408])
    #expect(answers[0].header("connection") == "close")
  }

  @Test func aSlowBodyIsTimedOut() throws {
    let client = TestClient()
    client.send("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n")
    #expect(client.session.deadline - client.now == .seconds(30))
    client.now = client.now + .seconds(29)
    client.send("x")
    #expect(expire(client) == .open)
    client.now = client.now + .seconds(1)
    #expect(expire(client) == .closeAfterFlush)
    #expect(try client.take().map(\.status) == [408])
  }

  @Test func theSecondRequestHasItsOwnDeadline() {
    let client = TestClient()
    client.send(Self.health)
    client.now = client.now + .seconds(300)
    client.send("GET ")
    #expect(client.session.deadline - client.now == .seconds(10))
    client.send("/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(client.session.deadline - client.now == ClientSession.idleTimeout)
  }

  @Test func aBurstStopsAtItsBoundAndGoesOnAfterTheDrain() throws {
    let client = TestClient()
    let docs = "GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let count = 200
    #expect(client.send(String(repeating: docs, count: count)) == .awaitDrain)
    var answered = 0
    var rounds = 0
    var outcome = ClientSession.Outcome.awaitDrain
    while outcome == .awaitDrain {
      let size = client.out.count
      let answers = try client.take()
      answered += answers.count
      rounds += 1
      let longest = answers.map(\.body.count).max() ?? 0
      #expect(size < ClientSession.responseBurstMax + longest + 512)
      outcome = client.session.resume(now: client.now, into: client.out)
    }
    answered += try client.take().count
    #expect(outcome == .open)
    #expect(answered == count)
    #expect(rounds > 2)
  }

  @Test func unfinishedRequestsOfAllTogetherHaveABound() throws {
    let router = Router(views: FixedViews.make(), options: APIOptions(version: "1.2.3"))
    let head = "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
    var clients: [TestClient] = []
    while clients.last?.outcome != .closeAfterFlush, clients.count < 10_000 {
      let client = TestClient(router)
      client.send(head + String(repeating: "x", count: 50_000))
      clients.append(client)
      #expect(router.heldBytes <= Router.heldBytesMax + 65_536)
    }
    #expect(clients.count > Router.heldBytesMax / 65_536)
    let refused = clients.removeLast()
    #expect(try refused.take().map(\.status) == [503])
    #expect(router.refusedHeld == 1)
    // Who asks as everybody does is served, cut in two or not.
    let other = TestClient(router)
    other.send(Self.health)
    other.send("GET /health HTTP/1.1\r\nHo")
    other.send("st: localhost\r\n\r\n")
    #expect(try other.take().map(\.status) == [200, 200])
    // Everything is given back, by those who finish and by those who leave.
    clients[0].send(String(repeating: "x", count: 10_000))
    #expect(try clients[0].take().map(\.status) == [405])
    clients.removeAll()
    #expect(router.heldBytes == 0)
  }

  @Test func aHalfClosedClientGetsItsAnswers() throws {
    let client = TestClient()
    client.send(Self.health + Self.health + "GET /hea")
    #expect(client.session.endOfInput(now: client.now, into: client.out) == .closeAfterFlush)
    #expect(try client.take().map(\.status) == [200, 200])
  }

  @Test func aHalfClosedClientInABurstGetsTheRest() throws {
    let client = TestClient()
    let docs = "GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    #expect(client.send(String(repeating: docs, count: 100)) == .awaitDrain)
    var outcome = client.session.endOfInput(now: client.now, into: client.out)
    var answered = 0
    while outcome == .awaitDrain {
      answered += try client.take().count
      outcome = client.session.resume(now: client.now, into: client.out)
    }
    answered += try client.take().count
    #expect(outcome == .closeAfterFlush)
    #expect(answered == 100)
  }

  @Test func aStopClosesIdleConnectionsAtOnce() throws {
    let client = TestClient()
    client.send(Self.health)
    _ = try client.take()
    #expect(client.session.stop(into: client.out) == .closeAfterFlush)
    #expect(client.out.isEmpty)
  }

  @Test func aStopFinishesTheRequestBegun() throws {
    let client = TestClient()
    client.send("GET /health HTTP/1.1\r\n")
    #expect(client.session.stop(into: client.out) == .open)
    #expect(client.send("Host: localhost\r\n\r\n" + Self.health) == .closeAfterFlush)
    let answers = try client.take()
    #expect(answers.map(\.status) == [200])
    #expect(answers[0].header("connection") == "close")
  }

  @Test func requestsAreCounted() {
    let router = Router(views: FixedViews.make(), options: APIOptions())
    let client = TestClient(router)
    client.send(Self.health + Self.health + "NONSENSE\r\n\r\n")
    #expect(router.requests == 3)
  }

  @Test func anIdleSessionHoldsNothingButItself() throws {
    let router = Router(views: FixedViews.make(), options: APIOptions())
    let client = TestClient(router)
    for request in [Self.health, "GET /hea", "lth HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
      client.send(request)
    }
    let parts = Mirror(reflecting: client.session).children
    #expect(parts.contains { $0.label == "reader" && "\($0.value)" == "nil" })
    // A piece of memory that was free may be 16 bytes longer than what was asked for: too little to be split off.
    #expect(allocatedBytes(Unmanaged.passUnretained(client.session).toOpaque()) <= 96 + 16)
  }
}

/// The C library's `malloc_usable_size`, which its Swift module leaves out.
@_silgen_name("malloc_usable_size")
private func allocatedBytes(_ memory: UnsafeMutableRawPointer) -> Int
