import Base
import Market
import Testing
import Wire

@testable import API

/// Requests whose handler waits: answered when it has happened, or when it takes too long; order is kept.
@Suite struct ParkingTests {
  /// Takes what handlers submit.
  final class Disk {
    var writes: [ClientWrite] = []
    var canStore = true
  }

  /// What handlers have seen, and what they submitted.
  struct World {
    let views = FixedViews.make()
    let disk = Disk()

    init() {
      views.submit = { [disk] write in
        guard disk.canStore else { return nil }
        disk.writes.append(write)
        return WriteTicket(UInt64(disk.writes.count))
      }
    }

    func client(now: Instant = Instant(ns: 200_000_000_000)) -> TestClient {
      views.now.instant = now
      return TestClient(Router(views: views, options: APIOptions(), routes: ParkingTests.routes), now: now)
    }
  }

  static let routes = [
    Route(
      .post, "/write/{key}", name: "write", summary: "", about: "", parameters: [.path("key", "")],
      body: BodySchema("Note", [.optional("label", .text(atLeast: 0), "")], example: "{}"), answers: []
    ) { call in
      let key = String(decoding: call.text(0), as: UTF8.self)
      let label = call.body.text("label") ?? ""
      guard let outcome = call.commit(.watch(key: key, label: label)) else { return }
      var json = call.begin(200)
      json.beginObject()
      json.pair("key", key)
      json.pair("label", label)
      if case .stored(let id?) = outcome { json.pair("id", id) }
      json.endObject()
    },
    Route(.get, "/quick", name: "quick", summary: "", about: "", answers: []) { call in
      var json = call.begin(200)
      json.string("quick")
    },
    Route(.get, "/twice", name: "twice", summary: "", about: "", answers: []) { call in
      let account = Address(a: 1, b: 2, c: 3)
      let until = call.views.now.instant + .seconds(2)
      switch call.resumed {
      case nil: call.park(on: .profile(account), until: until)
      case .done(.ready): call.park(on: .trades(account), until: until)
      case .done, .expired:
        var json = call.begin(200)
        json.string(call.resumed == .expired ? "late" : "both")
      }
    },
  ]

  static func post(_ path: String, _ body: String, _ more: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\(more)"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func aWriteIsAnsweredWhenItIsStored() throws {
    let world = World()
    let client = world.client()
    #expect(client.send(Self.post("/write/0xa%20b?x=1", #"{"label":"L"}"#)) == .open)
    #expect(try client.take().isEmpty)
    #expect(client.session.waitsFor == .write(WriteTicket(1)))
    #expect(world.disk.writes == [.watch(key: "0xa b", label: "L")])
    client.wake(.stored(id: 7))
    let answers = try client.take()
    #expect(answers.map(\.text) == [#"{"key":"0xa b","label":"L","id":7}"#])
    #expect(world.disk.writes.count == 1, "the write was made again")
    #expect(client.session.waitsFor == nil)
    #expect(client.outcome == .open)
  }

  @Test func pipelinedRequestsWaitTheirTurn() throws {
    let world = World()
    let client = world.client()
    let quick = "GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.send(quick + Self.post("/write/a", "{}") + quick + Self.post("/write/b", "{}") + quick)
    #expect(try client.take().map(\.text) == ["\"quick\""])
    client.send(quick)
    #expect(try client.take().isEmpty)
    client.wake(.stored(id: nil))
    #expect(try client.take().map(\.text) == [#"{"key":"a","label":""}"#, "\"quick\""])
    #expect(client.session.waitsFor == .write(WriteTicket(2)))
    client.wake(.stored(id: nil))
    #expect(try client.take().map(\.text) == [#"{"key":"b","label":""}"#, "\"quick\"", "\"quick\""])
  }

  @Test func chunkedBodiesAndClosingConnectionsArePreserved() throws {
    let client = World().client()
    client.send(
      "POST /write/c HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"label\":\r\n4\r\n\"x\"}\r\n0\r\n\r\n")
    client.wake(.stored(id: nil))
    let answer = try #require(try client.take().first)
    #expect(answer.text == #"{"key":"c","label":"x"}"#)
    #expect(answer.header("connection") == "close")
    #expect(client.outcome == .closeAfterFlush)
  }

  @Test func whatIsNotStoredIsRefused() throws {
    let world = World()
    let client = world.client()
    client.send(Self.post("/write/a", "{}"))
    client.wake(.refused(reason: "Disk full"))
    client.send(Self.post("/write/a", "{}"))
    client.now = client.now + RouteCall.writeMax
    client.expire()
    world.disk.canStore = false
    client.send(Self.post("/write/a", "{}"))
    let answers = try client.take()
    #expect(answers.map(\.status) == [503, 503, 503])
    #expect(answers[0].text == #"{"error":"Disk full"}"#)
    #expect(answers.allSatisfy { $0.header("content-type") == "application/json" })
  }

  @Test func aHandlerMayWaitAgain() throws {
    let client = World().client()
    client.send("GET /twice HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.wake(.ready)
    #expect(client.session.waitsFor == .trades(Address(a: 1, b: 2, c: 3)))
    #expect(try client.take().isEmpty)
    client.wake(.unavailable)
    #expect(try client.take().map(\.text) == ["\"both\""])
    client.send("GET /twice HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.now = client.now + .seconds(2)
    client.expire()
    #expect(try client.take().map(\.text) == ["\"late\""])
  }

  @Test func whatWaitsIsBoundedAndLetGo() throws {
    let world = World()
    let router = Router(views: world.views, options: APIOptions(), routes: Self.routes)
    var clients: [TestClient] = []
    for _ in 0..<Router.parkedMax {
      clients.append(TestClient(router))
      clients[clients.count - 1].send(Self.post("/write/a", "{}"))
    }
    #expect(router.parked == Router.parkedMax)
    let late = TestClient(router)
    late.send(Self.post("/write/z", "{}"))
    #expect(try late.take().map(\.status) == [503])
    #expect(world.disk.writes.count == Router.parkedMax, "a write nobody waits for was made")
    clients.removeLast(10)
    #expect(router.parked == Router.parkedMax - 10)
    late.send(Self.post("/write/z", "{}"))
    late.wake(.stored(id: nil))
    #expect(try late.take().map(\.status) == [200])
    clients.removeAll()
    #expect(router.parked == 0)
  }

  @Test func aStopWaitsForTheAnswer() throws {
    let client = World().client()
    client.send(Self.post("/write/a", "{}"))
    #expect(client.session.stop(into: client.out) == .open)
    client.wake(.stored(id: nil))
    let answer = try #require(try client.take().first)
    #expect(answer.status == 200)
    #expect(answer.header("connection") == "close")
    #expect(client.outcome == .closeAfterFlush)
  }

  @Test func aHalfClosedClientGetsItsAnswer() throws {
    let client = World().client()
    client.send(Self.post("/write/a", "{}"))
    #expect(client.session.endOfInput(now: client.now, into: client.out) == .open)
    client.wake(.stored(id: nil))
    #expect(try client.take().map(\.status) == [200])
    #expect(client.outcome == .closeAfterFlush)
  }

  @Test func aHeadAtItsBoundCanBeReadAgain() throws {
    let client = World().client()
    let limits = HTTPLimits()
    let lines = String(repeating: "a:\r\n", count: limits.fieldsMax - 4)
    let most = limits.fieldBytesMax - lines.utf8.count - 120
    client.send(Self.post("/write/a", "{}", lines + "b:" + String(repeating: "x", count: most) + "\r\n"))
    try #require(client.session.waitsFor != nil)
    client.wake(.stored(id: nil))
    #expect(try client.take().map(\.status) == [200])
  }
}
