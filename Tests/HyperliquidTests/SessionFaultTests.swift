import Base
import Hyperliquid
import Market
import Testing
import Wire

enum WebSocketEncoderForTests {
  static func close(_ code: UInt16, into out: ByteBuffer) {
    WebSocketEncoder.close(code: code, mask: nil, into: out)
  }
}

@Suite("Session: bytes that should not be, and schedules of faults")
struct SessionFaultTests {
  @Test func garbageIsCountedAndTooMuchOfItEndsTheConnection() {
    let world = SessionWorld(coins: 6, seed: 1)
    world.sessions.start(now: world.now)
    world.run(20)
    guard let connection = world.exchange.connections.first else { return }
    for text in [
      "Websocket connection established.", "{", "[]", "{\"channel\":7}", "null", "{\"channel\":\"new\"}",
    ] {
      world.exchange.send(connection, text)
    }
    world.run(1)
    #expect(world.sessions.stats.garbage == 5)
    #expect(world.sessions.stats.unknownFrames == 1)
    #expect(world.losses.isEmpty)
    for _ in 0..<40 { world.exchange.send(connection, "}{") }
    world.run(1)
    #expect(world.losses == [.garbage])
    #expect(world.run(30) { world.isWhole })
  }

  @Test func aGreetingInPlainTextIsTolerated() {
    let world = SessionWorld(coins: 6, seed: 1)
    world.sessions.start(now: world.now)
    world.run(2) {
      guard let connection = world.exchange.connections.first(where: { $0.state == .open }) else {
        return false
      }
      world.exchange.send(connection, "Websocket connection established.")
      return true
    }
    world.run(2)
    #expect(world.losses.isEmpty)
  }

  @Test(arguments: [5 << 20, 1 << 40])
  func giantFramesAreRefusedWith1009(size: Int) {
    let world = SessionWorld(coins: 6, seed: 1)
    world.sessions.start(now: world.now)
    world.run(20)
    guard let connection = world.exchange.connections.first else { return }
    connection.pending.append(0x81)
    connection.pending.append(127)
    for shift in stride(from: 56, through: 0, by: -8) {
      connection.pending.append(UInt8(truncatingIfNeeded: size >> shift))
    }
    world.run(1)
    #expect(world.events.contains("lost protocolError 1009"))
    #expect(world.exchange.closesSeen == 0 || world.exchange.closesSeen == 1)
    #expect(world.run(30) { world.isWhole })
  }

  @Test func brokenFramesEndTheConnectionWith1002() {
    let world = SessionWorld(coins: 6, seed: 1)
    world.sessions.start(now: world.now)
    world.run(20)
    world.exchange.connections.first?.pending.append("\u{7f}\u{7f}\u{7f}\u{7f}")
    world.run(1)
    #expect(world.events.contains("lost protocolError 1002"))
    #expect(world.run(30) { world.isWhole })
  }

  @Test func listingsAndDelistingsMoveNobodyElse() {
    let world = SessionWorld(coins: 310, seed: 2)
    world.tradeChance = 0.005
    world.sessions.start(now: world.now)
    #expect(world.run(20) { world.isWhole })
    let sent = world.sessions.stats.messages
    world.list("NEW")
    #expect(world.run(5) { world.isWhole })
    #expect(world.sessions.stats.messages == sent + 1)
    world.sessions.unsubscribe(.trades(CoinID(raw: 5)), now: world.now)
    #expect(world.sessions.gaps.isOpen(CoinID(raw: 5)))
    #expect(world.run(5) { world.isWhole && world.sessions.stats.tradesLive == 310 })
    // Wanted again while its unsubscribe is under way.
    world.sessions.unsubscribe(.trades(CoinID(raw: 6)), now: world.now)
    world.sessions.subscribe(.trades(CoinID(raw: 6)), now: world.now)
    #expect(world.run(5) { world.isWhole && world.sessions.stats.tradesLive == 310 })
    #expect(world.sessions.stats.reconnects == 0)
  }

  @Test func roomIsTheExchangesRoom() {
    let world = SessionWorld(coins: 1100, seed: 2)
    world.tradeChance = 0.001
    #expect(world.sessions.stats.refused > 0)
    #expect(world.sessions.stats.wanted == Venue.subscriptionsMax)
    world.sessions.start(now: world.now)
    #expect(world.run(60) { world.isWhole })
    for user in 0..<20 {
      world.sessions.subscribe(.userFills(Address(a: 1, b: 2, c: UInt32(user))), now: world.now)
    }
    #expect(world.sessions.stats.wanted == Venue.subscriptionsMax)
    // Everybody is thrown out again and again: the message limit holds all the same.
    for _ in 0..<5 {
      for connection in world.exchange.connections { world.hangUps.append(connection.link) }
      world.run(15)
    }
    #expect(world.isWithinLimits)
    world.run(300) { world.isWhole }
    #expect(world.isWhole && world.isWithinLimits)
  }

  @Test func stoppingClosesEverythingAndStartingBeginsAnew() {
    let world = SessionWorld(coins: 20, seed: 2)
    world.sessions.start(now: world.now)
    #expect(world.run(20) { world.isWhole })
    world.sessions.stop(now: world.now)
    world.drain()
    #expect(world.exchange.connections.isEmpty && world.exchange.closesSeen == 2)
    #expect(world.sessions.nextDeadline == .never)
    world.run(10)
    #expect(world.exchange.connections.isEmpty)
    world.sessions.start(now: world.now)
    #expect(world.run(20) { world.isWhole })
  }

  @Test(arguments: 0..<12)
  func anyScheduleOfFaultsEndsWholeAndWithinTheLimits(seed: UInt64) {
    let world = SessionWorld(coins: 40, seed: seed)
    world.step = .milliseconds(200)
    world.tradeChance = 0.02
    var random = PRNG(seed: seed &+ 99)
    world.sessions.start(now: world.now)
    world.onConnect = { connection in
      switch random.below(12) {
      case 0: connection.hangs = true
      case 1: connection.refuses = true
      case 2: connection.ignoresUpgrade = true
      case 3: connection.refusesUpgrade = true
      case 4: connection.losesAcks = true
      case 5: connection.losesSubscriptions = true
      case 6: connection.isTradeless = true
      default: break
      }
    }
    for _ in 0..<60 {
      world.run(1 + random.below(20))
      guard let connection = world.exchange.connections.randomElement(using: &random) else { continue }
      switch random.below(8) {
      case 0: connection.isMute = true
      case 1: world.hangUps.append(connection.link)
      case 2: WebSocketEncoderForTests.close(1000, into: connection.pending)
      case 3:
        for _ in 0..<random.below(40) { connection.pending.append(UInt8(truncatingIfNeeded: random.next())) }
      case 4: world.exchange.brokenCoins.insert("C\(random.below(40))")
      case 5: world.exchange.unknownCoins.insert("C\(random.below(40))")
      case 6: world.list("N\(random.below(50))")
      default: world.sessions.unsubscribe(.trades(CoinID(raw: UInt32(random.below(40)))), now: world.now)
      }
      #expect(world.isWithinLimits, "seed \(seed)")
    }
    // Calm: everything is whole again, in bounded time.
    world.onConnect = { _ in }
    world.exchange.brokenCoins = []
    world.exchange.unknownCoins = []
    for connection in world.exchange.connections { world.hangUps.append(connection.link) }
    #expect(world.run(180) { world.isWhole }, "seed \(seed)")
    #expect(world.isWithinLimits)
    #expect(world.sessions.stats.eventsDropped == 0)
  }

  @Test func theSameSeedGivesTheSameRun() {
    func run() -> [String] {
      let world = SessionWorld(coins: 20, seed: 77)
      world.sessions.start(now: world.now)
      world.onConnect = { $0.isTradeless = $0.link.attempt % 3 == 1 }
      world.run(300)
      return world.events
    }
    #expect(run() == run())
  }
}
