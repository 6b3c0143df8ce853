/// Each fault knob does what its name says, and nothing is wrong without one.
import Base
import Testing
import Wire

@testable import Simulator

@Suite("Exchange: fault knobs")
struct ExchangeFaultsTests {
  private func client(_ change: (inout ExchangeFaults) -> Void) throws -> SimClient {
    let exchange = busyExchange(tradesPerSecond: 60)
    change(&exchange.faults)
    return try SimClient(exchange)
  }

  private func followBitcoin(_ client: SimClient, _ ms: Int = 60_000) {
    client.subscribe(#"{"type":"trades","coin":"BTC"}"#)
    client.wait(ms)
  }

  @Test("every name of the register can be set, others and negative values cannot")
  func names() {
    for name in ExchangeFaults.names {
      var faults = ExchangeFaults()
      let isKnown = faults.set(name, 0.5)
      #expect(isKnown, "\(name)")
    }
    var faults = ExchangeFaults()
    let refused = [faults.set("nonsense", 1), faults.set("drop", -1), faults.set("drop", .nan)]
    #expect(refused == [false, false, false])
  }

  @Test("a silent link says nothing and stays open")
  func silence() throws {
    let client = try client { _ in }
    followBitcoin(client, 5_000)
    client.forget()
    client.link.faults.isSilent = true
    client.wait(200_000, step: 1000)
    #expect(client.frames.isEmpty && client.closeCode == nil && client.link.state == .socket)
    client.link.faults.isSilent = false
    client.wait(10_000)
    #expect(!client.frames.isEmpty)
  }

  @Test("a silent coin is silent, the others go on")
  func silentCoin() throws {
    let client = try client { $0.silentCoins = [0] }
    followBitcoin(client, 1)
    client.subscribe(#"{"type":"trades","coin":"ETH"}"#)
    client.wait(60_000)
    let coins = Set(client.take("trades").compactMap { $0["data"]?.elements.first?["coin"]?.text })
    #expect(coins == ["ETH"])
  }

  @Test("dropped, duplicated and reordered trades")
  func tradeFaults() throws {
    func tids(_ change: (inout ExchangeFaults) -> Void) throws -> [Int64] {
      let client = try client(change)
      followBitcoin(client)
      return client.take("trades").flatMap { $0["data"]?.elements ?? [] }.compactMap { $0["tid"]?.int }
    }
    let plain = try tids { _ in }
    #expect(Set(plain).count == plain.count)
    let fewer = try tids { $0.link.drop = 0.3 }
    #expect(fewer.count < plain.count && Set(fewer).isSubset(of: plain))
    let more = try tids { $0.link.duplicate = 0.3 }
    #expect(more.count > plain.count && Set(more) == Set(plain))
    let mixed = try tids { $0.link.reorder = 0.3 }
    #expect(mixed != plain && mixed.sorted() == plain.sorted())
  }

  @Test("garbage, unknown things, cut JSON and oversized frames")
  func badFrames() throws {
    let garbage = try client { $0.link.garbage = 0.2 }
    followBitcoin(garbage)
    #expect(garbage.frames.contains { RequestValue($0) == nil })
    let cut = try client { $0.link.truncate = 0.2 }
    followBitcoin(cut)
    #expect(cut.frames.contains { RequestValue($0) == nil })
    let strange = try client { $0.link.unknown = 0.2 }
    followBitcoin(strange)
    #expect(strange.frames.contains { $0.contains("NOSUCHCOIN") })
    let big = try client {
      $0.link.oversized = 1
      $0.link.oversizedBytes = 5 << 20
    }
    big.send(#"{"method":"ping"}"#)
    #expect(big.frames.last?.utf8.count == 5 << 20)
  }

  @Test("fragmented frames are whole messages with pings between the parts")
  func fragments() throws {
    let client = try client { $0.link.fragment = 1 }
    followBitcoin(client)
    #expect(client.pings > 10)
    #expect(client.frames.count > 10 && client.frames.allSatisfy { RequestValue($0) != nil })
  }

  @Test("closes and breaks")
  func endings() throws {
    let closing = try client { $0.link.close = 1 }
    followBitcoin(closing)
    #expect(closing.closeCode == 1000 && closing.link.state == .closing)
    let breaking = try client { $0.link.abort = 1 }
    followBitcoin(breaking)
    #expect(breaking.closeCode == nil && breaking.link.state == .aborted)
    #expect(breaking.exchange.use(of: 1).connectionsPeak == 1)
    #expect(breaking.exchange.limits(of: 1).connections == 0)
  }

  @Test("delayed frames come late and in order; data may come before its ack; a greeting may come first")
  func timing() throws {
    let late = try client { $0.link.delayMs = 700 }
    late.send(#"{"method":"ping"}"#)
    late.wait(600)
    #expect(late.frames.isEmpty)
    late.wait(200)
    #expect(late.frames == [#"{"channel":"pong"}"#])
    let early = try client { $0.link.dataBeforeAck = 1 }
    early.subscribe(#"{"type":"allMids"}"#)
    #expect(early.frames.first?.hasPrefix(#"{"channel":"allMids""#) == true && early.frames.count == 2)
    let greeting = try client { $0.link.greeting = true }
    #expect(greeting.frames == ["Websocket connection established."])
  }

  @Test("refused upgrades")
  func refusedUpgrade() {
    #expect(throws: SimClient.Refused.self) { _ = try client { $0.refuseUpgrade = 1 } }
  }

  @Test("REST faults")
  func info() throws {
    let exchange = busyExchange()
    exchange.faults.infoFaultChance = 1
    let expected: [(InfoFault, Int, String)] = [
      (.tooMany, 429, "null"), (.nullBody, 200, "null"), (.serverError, 500, "<html>"),
      (.badGateway, 502, "<html>"), (.htmlBody, 200, "<html>"), (.hangUp, 0, ""),
    ]
    for (fault, status, start) in expected {
      exchange.faults.infoFault = fault
      let reply = exchange.ask(#"{"type":"meta"}"#)
      #expect(reply.status == status && reply.body.hasPrefix(start))
    }
    exchange.faults.infoFaultChance = 0
    exchange.faults.truncateInfo = 1
    let cut = exchange.ask(#"{"type":"meta"}"#)
    #expect(cut.status == 200 && RequestValue(cut.body) == nil)
  }
}
