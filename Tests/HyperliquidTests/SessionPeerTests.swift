import Base
import Hyperliquid
import Market
import Testing
import Wire

/// What the exchange may do within the protocol though it rarely does: pings of its own, bytes right behind the upgrade,
/// binary frames, answers about accounts.
@Suite("Session: rare but right")
struct SessionPeerTests {
  private static func world(_ coins: Int = 4) -> SessionWorld {
    let world = SessionWorld(coins: coins, seed: 3)
    world.sessions.start(now: world.now)
    #expect(world.run(20) { world.isWhole })
    return world
  }

  private static func frame(_ opcode: UInt8, _ text: String, to connection: FakeConnection) {
    Array(text.utf8).withUnsafeBytes {
      WebSocketEncoder.frame(opcode: opcode, isFinal: true, $0, mask: nil, into: connection.pending)
    }
  }

  @Test func pingsOfTheExchangeAreAnswered() throws {
    let world = Self.world()
    let connection = try #require(world.exchange.connections.first)
    let before = world.exchange.messages.count
    for _ in 0..<3 { Self.frame(9, "are you there", to: connection) }
    world.run(1)
    #expect(world.exchange.messages.count >= before + 3)
    #expect(world.losses.isEmpty)
  }

  @Test func aFloodOfPingsDoesNotBreakTheMessageLimit() throws {
    let world = Self.world()
    for _ in 0..<20 {
      let connection = try #require(world.exchange.connections.first)
      for _ in 0..<500 { Self.frame(9, "", to: connection) }
      world.run(4)
    }
    #expect(FakeExchange.peak(world.exchange.messages) > 500)
    #expect(world.isWithinLimits)
    #expect(world.losses.isEmpty)
  }

  @Test func bytesInTheSameReadAsTheUpgradeAreRead() throws {
    let world = SessionWorld(coins: 2, seed: 4)
    world.onConnect = { connection in
      // The upgrade is answered by the test, with a frame right behind it.
      connection.ignoresUpgrade = true
    }
    world.sessions.start(now: world.now)
    #expect(world.run(5) { world.exchange.connections.contains { !$0.head.isEmpty } })
    let connection = try #require(world.exchange.connections.first { !$0.head.isEmpty })
    let head = String(decoding: connection.head, as: UTF8.self)
    let line = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") })
    let answer = ByteBuffer()
    Array(line.dropFirst(19).utf8).withUnsafeBytes { WebSocketAccept.answer(key: $0, into: answer) }
    Array(#"{"channel":"allMids","data":{"mids":{}}}"#.utf8).withUnsafeBytes {
      WebSocketEncoder.text($0, mask: nil, into: answer)
    }
    connection.state = .open
    let frames = world.sessions.stats.frames
    world.sessions.received(connection.link, answer.bytes, now: world.now)
    world.drain()
    #expect(world.events.contains("live"))
    #expect(world.sessions.stats.frames == frames + 1)
  }

  @Test func binaryFramesAreGarbage() throws {
    let world = Self.world()
    let connection = try #require(world.exchange.connections.first)
    Self.frame(2, "\u{1}\u{2}", to: connection)
    world.run(1)
    #expect(world.sessions.stats.garbage == 1 && world.losses.isEmpty)
  }

  @Test func aLittleGarbageEveryMinuteIsNoReasonToLeave() throws {
    let world = Self.world()
    world.step = .seconds(1)
    let before = world.losses.count
    for round in 1...6 {
      let connection = try #require(world.exchange.connections.first)
      for _ in 0..<10 { world.exchange.send(connection, "}{") }
      world.run(61)
      // The very first bytes of a connection may be a greeting.
      #expect(world.sessions.stats.garbage == 10 * round - 1)
    }
    #expect(world.losses.count == before)
  }

  @Test func anAccountsFillsAreSubscribedAndHeardOf() throws {
    let world = Self.world()
    let user = try #require(Address("0x010461c14e146ac35fe42271bdc1134ee31c703a"))
    world.sessions.subscribe(.userFills(user), now: world.now)
    #expect(world.run(20) { world.isWhole })
    let connection = try #require(
      world.exchange.connections.first { $0.subscribed.contains { $0.contains("userFills") } })
    world.sessions.heard(.userFills, user: user, connection.link, now: world.now)
    // An account nobody follows, and an error about the one that is.
    world.sessions.heard(.userFills, user: Address(a: 1, b: 2, c: 3), connection.link, now: world.now)
    world.exchange.send(
      connection,
      #"{"channel":"error","data":"Already subscribed: {\"type\":\"userFills\",\"user\":\"\#(user)\",\"dex\":null}"}"#
    )
    world.run(1)
    #expect(world.isWhole && world.losses.isEmpty)
    world.sessions.unsubscribe(.userFills(user), now: world.now)
    world.run(2)
    #expect(world.isWhole)
    #expect(!world.exchange.connections.contains { $0.subscribed.contains { $0.contains("userFills") } })
  }

  @Test func tradesOfAWrongClockAreAGapOfEveryCoin() {
    let world = Self.world()
    world.run(30)
    let counts = (0..<4).map { world.sessions.gaps.count(CoinID(raw: $0)) }
    world.sessions.misdatedTrades(since: world.now - .seconds(5), now: world.now)
    for coin in 0..<4 as Range<UInt32> {
      let id = CoinID(raw: coin)
      #expect(world.sessions.gaps.count(id) == counts[Int(coin)] + 1)
      let gap = world.sessions.gaps[id, world.sessions.gaps.count(id) - 1]
      #expect(gap.reason == .misdated && gap.to == world.now && gap.from <= world.now - .seconds(5))
    }
  }
}
