import API
import Base
import Engines
import Testing

@testable import Core

/// Clients whose requests wait: woken by what they wait for, expired on time, forgotten when they leave.
@Suite struct ClientsTests {
  private final class World {
    let views: Views
    let clients: Clients
    let out = Output()
    var now = Now(instant: Instant(ns: 10_000_000_000), wall: WallTime(ms: 1_795_353_385_000))

    init() {
      views = Views(orderFlow: OrderFlow(), now: now)
      clients = Clients(views: views, options: Options(), version: "1")
      var tickets: UInt64 = 0
      views.submit = { _ in
        tickets += 1
        return WriteTicket(tickets)
      }
    }

    /// Sends a watch request from `slot`; a new client when there is none.
    func ask(_ slot: Int, isNew: Bool = true) {
      let body = #"{"address":"0x1234567890"}"#
      let text =
        "POST /v1/smart-money/watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
      let client = ClientID(raw: slot)
      if isNew { step(.clientAccepted(client)) }
      Array(text.utf8).withUnsafeBytes { step(.clientReceived(client, $0)) }
    }

    func step(_ input: Input) {
      views.now = now
      clients.step(input, out, now: now)
    }

    func pass(_ span: TimeSpan) {
      now.instant = now.instant + span
      views.now = now
    }

    /// What was sent since the last look, by slot.
    func sent() -> [(slot: Int, status: String)] {
      defer { out.begin() }
      return out.effects.compactMap { effect in
        guard case .sendClient(let client, let range) = effect else { return nil }
        return (client.raw, String(decoding: out.bytes.bytes(in: range)[9..<12], as: UTF8.self))
      }
    }
  }

  @Test func onlyWhoWaitsForItIsWoken() {
    let world = World()
    for slot in 0..<3 { world.ask(slot) }
    #expect(world.sent().isEmpty)
    #expect(world.clients.parked == 3)
    world.clients.wake(.write(WriteTicket(2)), .stored(id: nil), world.out, now: world.now)
    #expect(world.sent().map(\.slot) == [1])
    world.clients.wake(.write(WriteTicket(9)), .stored(id: nil), world.out, now: world.now)
    #expect(world.sent().isEmpty)
    world.clients.wake(.write(WriteTicket(1)), .refused(reason: "disk full"), world.out, now: world.now)
    #expect(world.sent().map(\.status) == ["503"])
    #expect(world.clients.parked == 1)
  }

  @Test func whoWaitsTooLongIsAnsweredOnTime() {
    let world = World()
    world.ask(0)
    let first = world.clients.deadline
    #expect(first - world.now.instant <= .seconds(3))
    world.pass(.milliseconds(500))
    world.ask(1)
    world.pass(.milliseconds(2499))
    world.clients.tick(world.out, now: world.now)
    #expect(world.sent().isEmpty)
    world.pass(.milliseconds(1))
    #expect(world.clients.deadline <= world.now.instant)
    world.clients.tick(world.out, now: world.now)
    #expect(world.sent().map(\.slot) == [0])
    #expect(world.clients.parked == 1)
    world.pass(.milliseconds(500))
    #expect(world.clients.deadline <= world.now.instant)
    world.clients.tick(world.out, now: world.now)
    #expect(world.sent().map(\.status) == ["503"])
    // Late news wakes nobody.
    world.clients.wake(.write(WriteTicket(1)), .stored(id: nil), world.out, now: world.now)
    #expect(world.sent().isEmpty)
  }

  @Test func whoLeavesIsForgotten() {
    let world = World()
    world.ask(0)
    world.step(.clientClosed(ClientID(raw: 0)))
    #expect(world.clients.parked == 0)
    world.clients.wake(.write(WriteTicket(1)), .stored(id: nil), world.out, now: world.now)
    world.pass(.seconds(4))
    world.clients.tick(world.out, now: world.now)
    #expect(world.sent().isEmpty)
    #expect(world.clients.isEmpty)
  }

  @Test func aStopWaitsForAnswers() {
    let world = World()
    world.ask(0)
    world.clients.stop(world.out, now: world.now)
    #expect(world.sent().isEmpty)
    world.clients.wake(.write(WriteTicket(1)), .stored(id: nil), world.out, now: world.now)
    var isClosed = false
    for case .closeClient(let client) in world.out.effects where client.raw == 0 { isClosed = true }
    #expect(isClosed)
    #expect(world.sent().map(\.status) == ["200"])
  }
}
