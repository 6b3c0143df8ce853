import API
import Base
import Engines
import Hyperliquid
import Market
import Store
import Testing

@testable import Core

/// Liquidations in fills, from the socket to memory and disk.
@Suite("Liquidation watch")
struct LiquidationWatchTests {
  static let user = Address(a: 0x77, b: 7, c: 7)

  /// A row of a fill feed; a maker's unless `isTaker`.
  static func row(
    _ tid: Int, coin: String = "BTC", side: String = "B", sz: Int = 10, at ms: Int64, isTaker: Bool = false,
    liquidated: Address? = user
  ) -> String {
    let mark =
      liquidated.map {
        ",\"liquidation\":{\"liquidatedUser\":\"\($0)\",\"markPx\":\"99.0\",\"method\":\"market\"}"
      } ?? ""
    return "{\"coin\":\"\(coin)\",\"px\":\"100.0\",\"sz\":\"\(sz).0\",\"side\":\"\(side)\",\"time\":\(ms),"
      + "\"startPosition\":\"0.0\",\"dir\":\"Open Long\",\"closedPnl\":\"0.0\",\"hash\":\"0x"
      + String(repeating: "0", count: 64)
      + "\",\"oid\":5,\"crossed\":\(isTaker),\"fee\":\"0.1\",\"tid\":\(tid),"
      + "\"feeToken\":\"USDC\",\"twapId\":null\(mark)}"
  }

  static func events(_ world: VaultWorld) -> [LiquidationEvent] {
    var events: [LiquidationEvent] = []
    world.core.knowledge.liquidations.forEach(since: WallTime(ms: 0), limit: 100) { events.append($0) }
    return events
  }

  @Test("vaults' fills are followed, history counts once, and events reach the disk")
  func streamed() throws {
    let world = try HlpTrackerTests.world(31)
    let ms = VaultWorld.wall.ms
    world.history[HlpTrackerTests.a] = [
      Self.row(1, at: ms - 60_000), Self.row(2, at: ms - 50_000, liquidated: nil),
      Self.row(3, sz: 0 + 1, at: ms - 40_000), Self.row(4, coin: "@107", at: ms - 30_000),
    ]
    world.run(seconds: 20)
    #expect(Set(world.fillLinks.keys) == [HlpTrackerTests.a, HlpTrackerTests.b])
    #expect(Self.events(world).map(\.occurredAt.ms) == [ms - 40_000, ms - 60_000])
    world.tell(HlpTrackerTests.b, [Self.row(9, coin: "kPEPE", side: "A", at: ms + 18_000)])
    // The other party's row of an execution that is known.
    world.tell(HlpTrackerTests.b, [Self.row(1, side: "A", at: ms - 60_000, isTaker: true)])
    world.run(seconds: 3)
    let events = Self.events(world)
    #expect(events.map(\.isLong) == [false, true, true])
    #expect(events.first?.address == Self.user)
    #expect(events.first?.sizeUsd == Usd(micros: 1_000_000_000))
    let rows = try world.stored().liquidations
    #expect(rows.map(\.coin) == ["BTC", "BTC", "kPEPE"])
    #expect(rows.map(\.sizeUsd) == [1000, 100, 1000])
    #expect(rows.allSatisfy { $0.address == Self.user && $0.price == 100 })
    world.core.report()
    let facts = try #require(world.core.views.stats.liquidations)
    #expect(facts.held == 3 && facts.totalEvents == 3)
    #expect(facts.sources.map(\.totalEvents) == [3, 0])
    #expect(facts.sources.first?.accounts == 2)
  }

  @Test("neither a reconnect nor a restart counts an event again")
  func replayed() throws {
    let world = try HlpTrackerTests.world(32)
    let ms = VaultWorld.wall.ms
    // Two executions alike but for their trade id.
    let history = [Self.row(1, at: ms - 60_000), Self.row(2, at: ms - 60_000), Self.row(3, at: ms - 5_000)]
    world.history[HlpTrackerTests.a] = history
    world.run(seconds: 20)
    #expect(Self.events(world).count == 3)
    world.cut()
    world.history[HlpTrackerTests.a] = history + [Self.row(4, at: ms + 21_000)]
    world.run(seconds: 60)
    #expect(world.fillLinks.count == 2)
    #expect(Self.events(world).count == 4)
    world.restart()
    world.run(seconds: 60)
    #expect(world.fillLinks.count == 2)
    #expect(Self.events(world).count == 4)
    #expect(world.core.knowledge.liquidations.counted == 0)
    #expect(try world.stored().liquidations.count == 4)
  }

  @Test("a file that opens late holds what was told meanwhile: that counts once, and is stored once")
  func lateFile() throws {
    let world = try HlpTrackerTests.world(34)
    let ms = VaultWorld.wall.ms
    let history = [Self.row(1, at: ms - 60_000), Self.row(2, at: ms - 60_000), Self.row(3, at: ms - 5_000)]
    world.history[HlpTrackerTests.a] = history
    world.run(seconds: 20)
    #expect(try world.stored().liquidations.count == 3)
    world.isFileAway = true
    world.history[HlpTrackerTests.a] = history + [Self.row(4, at: ms + 21_000)]
    world.restart()
    world.run(seconds: 60)
    // Without its past the service works all the same.
    #expect(Self.events(world).count == 4)
    world.isFileAway = false
    world.run(seconds: 120)
    #expect(Self.events(world).count == 4)
    #expect(try world.stored().liquidations.count == 4)
    world.restart()
    world.run(seconds: 20)
    #expect(Self.events(world).count == 4)
  }

  @Test("fills of profiled wallets count as well, once")
  func profiled() throws {
    let world = try HlpTrackerTests.world(33)
    world.run(seconds: 20)
    var fill = Fill()
    fill.coin = world.core.views.coins.resolve("ETH")
    fill.px = Px(raw: 10_000_000_000)
    fill.sz = Sz(raw: 500_000_000)
    fill.side = .sell
    fill.time = WallTime(ms: VaultWorld.wall.ms)
    fill.tid = 8
    fill.isTaker = true
    fill.liquidation = FillLiquidation(user: nil, markPx: Px(raw: 1), method: .market)
    for _ in 0..<2 { world.core.fills([fill, Fill()], of: Self.user, now: world.now) }
    world.run(seconds: 3)
    #expect(Self.events(world).map(\.address) == [Self.user])
    #expect(try world.stored().liquidations.map(\.isLong) == [true])
    #expect(world.core.liquidationWatch.eventsRead == 1)
    #expect(world.core.liquidationWatch.fillsRead == 4)
  }

  @Test("of more vaults than places the liquidators are followed, and those that leave make room")
  func places() throws {
    let world = try HlpTrackerTests.world(34)
    let many = (0..<12).map { Address(a: 0x100 + UInt64($0), b: 1, c: 1) }
    world.children[HlpTrackerTests.b] = many + LiquidationWatch.liquidators
    world.run(seconds: 30)
    #expect(world.fillLinks.count == Venue.usersMax)
    #expect(Set(world.fillLinks.keys).isSuperset(of: LiquidationWatch.liquidators))
    #expect(world.fillLinks[HlpTrackerTests.b] != nil)
    world.children[HlpTrackerTests.b] = Array(many.prefix(2))
    world.run(seconds: 3_700)
    #expect(Set(world.fillLinks.keys) == [HlpTrackerTests.a, HlpTrackerTests.b, many[0], many[1]])
  }

  @Test("a frame that makes no sense changes nothing")
  func garbage() throws {
    let world = try HlpTrackerTests.world(35)
    world.run(seconds: 20)
    world.tell(HlpTrackerTests.a, ["{\"coin\":\"BTC\"", "}{"])
    world.tell(HlpTrackerTests.a, ["7", "null", Self.row(5, at: VaultWorld.wall.ms)])
    world.run(seconds: 5)
    #expect(Self.events(world).count <= 1)
    world.run(seconds: 30)
    world.tell(HlpTrackerTests.a, [Self.row(6, at: VaultWorld.wall.ms + 50_000)])
    #expect(Self.events(world).contains { $0.occurredAt.ms == VaultWorld.wall.ms + 50_000 })
  }
}
