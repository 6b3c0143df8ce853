import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Core

/// What polls mean: positions, tiers, changes, pins, failures.
@Suite("Position poller")
struct PositionPollerTests {
  static func ready(seed: UInt64 = 1) -> PollWorld {
    let world = PollWorld(seed: seed)
    world.poller.finishRestore(now: world.both)
    return world
  }

  @Test("an answer becomes positions, equity, tier and the next poll's time")
  func answer() throws {
    let world = Self.ready()
    let account = world.see(1, usd: -250_000)
    world.run(.seconds(1))
    let result = try #require(world.results.first)
    #expect(result.account == account && result.isFirst && result.tier == 2)
    #expect(result.equity == Usd(micros: 10_000_000_000) && result.unrealized == Usd(micros: 1_500_000))
    let row = try #require(world.knowledge.positions.position(of: account, in: CoinID(raw: 0)))
    #expect(!row.isLong && row.sizeUsd == Usd(micros: 250_000_000_000) && row.liqPx != nil)
    #expect(world.knowledge.equity.latest(of: account) == result.equity)
    #expect(world.knowledge.polls.tier(account) == 2)
    #expect(world.knowledge.polls.polledAt(account).map { world.both.wall.ms - $0.ms < 2_000 } == true)
    #expect(world.book.isPinned(account))
    #expect(world.poller.lag(tier: 2, now: world.now).accounts == 1)

    // It closes everything: two minutes later it is of tier 3, and ten minutes later asked again.
    world.sizeUsd[PollWorld.address(1)] = 0
    world.run(.seconds(130))
    #expect(world.results.count == 2)
    #expect(world.results[1].closed == [CoinID(raw: 0)] && !world.results[1].isFirst)
    #expect(world.knowledge.positions.count == 0 && world.knowledge.polls.tier(account) == 3)
    world.run(.seconds(580))
    #expect(world.results.count == 2)
    world.run(.seconds(30))
    #expect(world.results.count == 3)
  }

  @Test("a watched wallet's changes are found, not its first sight, and not of another age")
  func changes() {
    let world = Self.ready()
    let account = world.see(1, usd: 50_000)
    world.poller.watch(account, true, now: world.now)
    world.run(.seconds(10))
    #expect(world.results.count == 1 && world.knowledge.changes.count == 0)
    for (usd, count, action) in [
      (55_000.0, 0, nil), (80_000, 1, PositionAction.increase), (-80_000, 2, .flip), (0, 3, .exit),
      (1_000, 4, .entry),
    ] as [(Double, Int, PositionAction?)] {
      world.sizeUsd[PollWorld.address(1)] = usd
      world.run(.seconds(31))
      #expect(world.knowledge.changes.count == count)
      #expect(world.results.last?.changes.first?.action == action)
    }
    // Nobody answers for two days: what was known then is no ground for comparison.
    world.lossChance = 1
    world.run(.seconds(300))
    let polls = world.results.count
    world.lossChance = 0
    world.now = world.now + .seconds(2 * 86_400)
    world.sizeUsd[PollWorld.address(1)] = -1
    world.run(.seconds(60))
    #expect(world.results.count > polls && world.knowledge.changes.count == 4)
  }

  @Test("changes survive a restart without false events")
  func restart() throws {
    let world = PollWorld(seed: 1)
    world.restore(1, usd: 50_000, tier: 3, age: .seconds(3_000))
    let account = try #require(world.book.find(PollWorld.address(1)))
    world.knowledge.positions.restore(
      TrackedPosition(
        account: account, coin: CoinID(raw: 0), szi: Sz(raw: 50_000_000),
        entryPx: Px(raw: 10_000_000_000_000),
        sizeUsd: Usd(micros: 50_000_000_000), liqPx: nil, unrealizedPnl: .zero, marginUsed: .zero,
        leverage: 5,
        updatedAt: WallTime(ms: world.both.wall.ms - 3_000_000)))
    world.poller.hold(account)
    world.poller.finishRestore(now: world.both)
    world.poller.watch(account, true, now: world.now)
    #expect(world.book.isPinned(account))
    world.run(.seconds(40))
    #expect(world.results.count >= 2 && world.knowledge.changes.count == 0)
    world.sizeUsd[PollWorld.address(1)] = 0
    world.run(.seconds(40))
    #expect(world.results.last { !$0.changes.isEmpty }?.changes.map(\.action) == [.exit])
  }

  @Test("watched wallets are asked first, and also when nobody saw them for a week")
  func watched() {
    let world = Self.ready()
    for n in 0..<400 { world.see(n, usd: 1_000) }
    let address = PollWorld.address(9_999)
    let row = AddressRow(address: address, firstSeenS: 0, lastSeenS: 0, tradeCount: 0)
    guard let account = world.book.restore(row) else { return }
    world.sizeUsd[address] = 5_000
    world.run(.seconds(2))
    world.poller.watch(account, true, now: world.now)
    world.run(.seconds(1))
    #expect(world.polledAt[address]?.count == 1)
    world.run(.seconds(300))
    #expect((world.polledAt[address]?.count ?? 0) >= 10)
    let polls = world.polledAt[address]?.count
    world.poller.watch(account, false, now: world.now)
    world.run(.seconds(3_600))
    #expect(world.polledAt[address]?.count == polls)
    #expect(!world.poller.queue.isQueued(account))
    // It trades again: it is asked again.
    guard let seen = world.book.see(address, at: world.both.wall) else { return }
    #expect(seen.isBack)
    world.poller.saw(seen)
    world.run(.seconds(30))
    #expect(world.polledAt[address]?.count == polls! + 1)
  }

  @Test("an account unseen for seven days is let go, with what was pinned for it")
  func dormant() {
    let world = Self.ready()
    let account = world.see(1, usd: 3e6)
    world.run(.seconds(5))
    #expect(world.book.isPinned(account))
    world.now = world.now + .seconds(7 * 86_400)
    world.run(.seconds(60))
    #expect(world.results.count == 1 && !world.poller.queue.isQueued(account))
    // What was computed before may still name it: it stays pinned for a minute.
    world.poller.forget(exchangeNow: world.both.wall, now: world.both)
    #expect(world.book.isPinned(account) && world.knowledge.equity.latest(of: account) == nil)
    var expired = 0
    world.poller.expire(now: world.both) { _ in expired += 1 }
    #expect(expired == 1 && world.knowledge.positions.count == 0)
    world.run(.seconds(60))
    world.poller.forget(exchangeNow: world.both.wall, now: world.both)
    #expect(!world.book.isPinned(account) && world.book.count == 1)
    // A month later nobody remembers it, and its place goes to somebody else.
    world.book.takeTouched(limit: 10) { _, _, _ in }
    world.now = world.now + .seconds(24 * 86_400)
    world.poller.forget(exchangeNow: world.both.wall, now: world.both)
    #expect(world.book.count == 0)
    #expect(world.see(2, usd: 500) == account)
    world.run(.seconds(5))
    #expect(world.polledAt[PollWorld.address(2)]?.count == 1)
  }

  @Test("positions not refreshed for a day are forgotten")
  func expiry() {
    let world = Self.ready()
    for n in 0..<200 { world.see(n, usd: 1e6) }
    world.run(.seconds(60))
    #expect(world.knowledge.positions.count == 200)
    world.now = world.now + .seconds(86_000)
    var expired: [AddressID] = []
    world.poller.expire(now: world.both) { expired.append($0.account) }
    #expect(expired.isEmpty)
    world.now = world.now + .seconds(500)
    world.poller.expire(now: world.both) { expired.append($0.account) }
    #expect(expired.count == 200 && Set(expired).count == 200 && world.knowledge.positions.count == 0)
  }

  @Test("lost answers are asked again later and later, and cost no other account its turn")
  func failures() {
    let world = Self.ready()
    for n in 0..<50 { world.see(n, usd: 1_000) }
    world.lossChance = 1
    world.run(.seconds(600))
    // 50 accounts, retried after 5, 30, then every 120 seconds.
    #expect(world.poller.errors >= 50 * 6 && world.poller.errors <= 50 * 8)
    #expect(world.poller.polls == 0 && world.peakWeight <= 1_020)
    world.lossChance = 0.3
    world.run(.seconds(900))
    #expect((0..<50).allSatisfy { world.polledAt[PollWorld.address($0)] != nil })
    #expect(world.poller.inFlight <= 8)
  }

  @Test("429 stops everything for a while, and nothing is forgotten")
  func tooMany() {
    let world = Self.ready()
    for n in 0..<200 { world.see(n, usd: 1_000) }
    world.refuseUntil = world.now + .seconds(20)
    world.run(.seconds(20))
    #expect(world.poller.errors >= 1 && world.poller.errors < 40)
    #expect(world.scheduler.budget.isStopped(now: world.now) || world.poller.polls < 50)
    world.run(.seconds(600))
    #expect((0..<200).allSatisfy { world.polledAt[PollWorld.address($0)] != nil })
  }

  @Test("garbage and null are failures; unknown coins and rows that are no positions are left out")
  func bodies() {
    let world = Self.ready()
    let account = world.see(1, usd: 1_000)
    world.run(.seconds(2))
    for text in ["", "null", "<html>", "{}", "{\"assetPositions\":[]}", "[1,2", "{\"marginSummary\":7"] {
      world.book.pin(account)
      let bytes = Array(text.utf8) + [UInt8](repeating: 32, count: 64)
      let result = bytes.withUnsafeBytes {
        world.poller.answered(
          account, UnsafeRawBufferPointer(rebasing: $0[0..<text.utf8.count]), coins: world.coins,
          now: world.both)
      }
      #expect(result == nil)
    }
    #expect(world.knowledge.positions.count(of: account) == 1)
  }

  @Test("a position in a coin not listed yet is asked for again soon, then later and later")
  func unlisted() {
    let world = Self.ready()
    world.coin = "NEW"
    let account = world.see(1, usd: 1_000)
    world.run(.seconds(38))
    #expect(world.results.count == 3 && world.knowledge.positions.count == 0)
    #expect(world.knowledge.polls.polledAt(account) != nil && world.poller.errors == 0)
    _ = world.coins.list(Coin(name: "NEW", dex: "", szDecimals: 1, maxLeverage: 3, isListed: true))
    world.run(.seconds(121))
    #expect(world.results.count == 4 && world.knowledge.positions.count == 1)
    world.run(.seconds(590))
    #expect(world.results.count == 4)
  }

  @Test("two runs of one seed are the same", arguments: [1, 2] as [UInt64])
  func deterministic(seed: UInt64) {
    func run() -> ([Int], UInt64) {
      let world = Self.ready(seed: seed)
      world.lossChance = 0.1
      var random = PRNG(seed: seed)
      for n in 0..<300 {
        world.see(n, usd: Double(random.below(3_000_000)))
        if random.chance(0.2) { world.run(.seconds(random.below(5))) }
      }
      world.run(.seconds(900))
      return (world.counted.map { Int($0.at / 1_000_000) }, world.poller.polls)
    }
    let (first, second) = (run(), run())
    #expect(first.0 == second.0 && first.1 == second.1 && first.1 > 500)
  }
}
