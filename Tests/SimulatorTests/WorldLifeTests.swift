/// What happens in a world over time: liquidations, listings, bounds, truth, repetition.
import Base
import Market
import Testing

@testable import Simulator

@Suite("World: life")
struct WorldLifeTests {
  @Test("whoever falls below the maintenance margin is liquidated at once", arguments: [1, 2, 3, 4])
  func nobodyStaysUnderwater(seed: UInt64) {
    let world = livelyWorld(seed: seed, hours: 1)
    var late = 0
    for step in 0..<300 {
      world.advance(to: WallTime(ms: world.now.ms + 60_000 + Int64(step)))
      for index in world.traders {
        let account = world.accounts[index]
        let cross = world.crossHealth(account, dex: 0)
        if cross.spare < 0 && cross.maintenance > 0 { late += 1 }
        for slot in account.slots where slot.szi != 0 && slot.isIsolated {
          if world.isolatedHealth(slot).spare < 0 { late += 1 }
        }
      }
    }
    #expect(late == 0)
  }

  @Test("liquidation fills of both kinds carry the object on both sides")
  func liquidationFills() {
    let world = livelyWorld(seed: 5, hours: 30)
    #expect(world.counters.marketLiquidations > 20)
    #expect(world.counters.backstopLiquidations > 5)
    var market = 0
    var backstop = 0
    var wrong = 0
    for account in world.accounts {
      for number in account.fills.dropped..<account.fills.end {
        let fill = account.fills[number]
        guard fill.liquidated >= 0 else { continue }
        let isVictim = Int(fill.liquidated) == account.index
        if fill.markPx <= 0 { wrong += 1 }
        switch fill.method {
        case .market:
          market += 1
          let isClose = fill.direction == .closeLong || fill.direction == .closeShort
          if fill.crossed != isVictim || (isVictim && !isClose) { wrong += 1 }
        case .backstop:
          backstop += 1
          let isNamed = fill.direction.rawValue >= FillDir.liquidatedCrossLong.rawValue
          if !(isVictim || account.kind == .liquidator) || !isNamed || fill.fee != 0 { wrong += 1 }
        }
      }
    }
    #expect(market > 20 && backstop > 5 && wrong == 0)
  }

  @Test("a mark pushed across a liquidation price liquidates that position")
  func crossingLiquidates() throws {
    let world = livelyWorld(seed: 8, hours: 2)
    var hits = 0
    for index in world.traders where hits < 12 {
      let account = world.accounts[index]
      guard let slot = account.slots.indices.first(where: { account.slots[$0].szi != 0 }) else { continue }
      let row = account.slots[slot]
      let health = row.isIsolated ? world.isolatedHealth(row) : world.crossHealth(account, dex: 0)
      guard let px = world.liquidationPx(row, health) else { continue }
      let coin = world.coins[Int(row.coin)]
      let unit = Int64(WorldCoin.power(4 + coin.szDecimals))
      let beyond = row.szi > 0 ? px / unit - 2 : px / unit + 2
      guard beyond > coin.anchor / 50, beyond < coin.anchor * 50, beyond > 20 else { continue }
      let before = account.fills.end
      world.setMark(Int(row.coin), to: beyond, timeMs: world.now.ms)
      let fills = (before..<account.fills.end).map { account.fills[$0] }
      #expect(fills.contains { $0.liquidated == Int32(index) && $0.coin == row.coin })
      hits += 1
    }
    #expect(hits == 12)
  }

  @Test("the same seed and calls give the same world, another seed another one")
  func isDeterministic() {
    func digest(_ world: World) -> [Int64] {
      world.coins.flatMap { [$0.mark, $0.gross, Int64($0.trades.end), Int64($0.longs.count)] }
        + world.accounts.flatMap { $0.raw + $0.slots.map(\.szi) } + [world.collected]
    }
    let first = livelyWorld(seed: 11)
    #expect(digest(first) == digest(livelyWorld(seed: 11)))
    #expect(digest(first) != digest(livelyWorld(seed: 12)))
    // Small steps and one large one live the same life.
    let stepped = livelyWorld(seed: 11, hours: 0)
    while stepped.now < first.now {
      stepped.advance(to: min(first.now, WallTime(ms: stepped.now.ms + 7_777_777)))
    }
    #expect(digest(first) == digest(stepped))
  }

  @Test("the flow recount equals an independent one over the public rows", arguments: [60, 300, 900, 3600])
  func flowTruth(windowS: Int) {
    let world = livelyWorld(seed: 3, hours: 3)
    var counted = 0
    var inexact = 0
    for index in 0..<world.coinCount {
      let now = WallTime(ms: world.now.ms - 1234)
      var expected = FlowTruth()
      for number in world.trades(of: index) {
        let trade = world.trade(index, number)
        if trade.px.times(trade.sz) != trade.ntl { inexact += 1 }
        guard trade.time.ms >= now.ms - Int64(windowS) * 1000, trade.time <= now else { continue }
        counted += 1
        if trade.isBuy {
          expected.buyNtl += trade.ntl
          expected.buyCount += 1
        } else {
          expected.sellNtl += trade.ntl
          expected.sellCount += 1
        }
      }
      #expect(world.flow(of: index, windowS: windowS, now: now) == expected)
    }
    #expect(counted > 10 && inexact == 0)
  }

  @Test("listings and delistings happen when planned, and a delisted coin is settled")
  func listings() throws {
    let world = livelyWorld(seed: 4, hours: 1)
    let start = world.now
    #expect(world.list("NEWCOIN", at: WallTime(ms: start.ms + 60_000)))
    #expect(world.list("xyz:FRESH"))
    #expect(!world.list("xyz:FRESH"))
    #expect(!world.list("nodex:FRESH"))
    #expect(world.delist("SOL", at: WallTime(ms: start.ms + 120_000)))
    #expect(world.listedCoins.contains("xyz:FRESH"))
    #expect(!world.listedCoins.contains("NEWCOIN"))
    world.advance(to: WallTime(ms: start.ms + 60_000))
    #expect(world.listedCoins.contains("NEWCOIN"))
    world.advance(to: WallTime(ms: start.ms + 120_000))
    #expect(!world.listedCoins.contains("SOL"))
    let sol = try #require(world.coinIndex("SOL"))
    #expect(world.openInterest(sol) == Sz(raw: 0))
    let tradesThen = world.coins[sol].trades.end
    world.advance(to: WallTime(ms: start.ms + 20 * 3_600_000))
    #expect(world.coins[sol].trades.end == tradesThen)
    let fresh = try #require(world.coinIndex("NEWCOIN"))
    #expect(world.coins[fresh].trades.end > 10)
    #expect(world.listingVersion == 3)
  }

  @Test("what is kept stays within its bounds")
  func bounds() {
    var options = WorldOptions.small
    options.tradesPerSecond = 5
    options.fillsPerAccountMax = 50
    options.fillsTotalMax = 1_000
    options.tradesRetentionS = 600
    let world = World(seed: 1, options: options)
    world.advance(to: WallTime(ms: world.now.ms + 4 * 3_600_000))
    #expect(world.fillsHeld <= 1_000 + world.accountCount)
    #expect(world.fillsHeld == world.accounts.reduce(0) { $0 + $1.fills.count })
    for account in world.accounts { #expect(account.fills.count <= 50) }
    for coin in world.coins where coin.trades.count > World.recentTradesMax {
      #expect(coin.trades[coin.trades.dropped].timeMs >= world.now.ms - 600_000 - 3_600_000)
      #expect(coin.longs.count <= max(64, 4 * coin.holders) + 1)
    }
  }

  @Test("the trade rate is the one asked for, and large worlds open")
  func rateAndSize() {
    var options = WorldOptions()
    options.coins = 500
    options.accounts = 400
    options.tradesPerSecond = 40
    let world = World(seed: 6, options: options)
    let before = world.counters.trades
    world.advance(to: WallTime(ms: world.now.ms + 600_000))
    let perSecond = Double(world.counters.trades - before) / 600
    #expect(perSecond > 30 && perSecond < 50)
    #expect(world.coinCount == 500)
    #expect(Set((0..<500).map { world.coinName($0) }).count == 500)
    #expect(world.listedCoins.count < 500)
  }

  @Test("history before the start fills the windows when asked for")
  func history() throws {
    var options = WorldOptions.small
    options.tradesPerSecond = 2
    let cold = World(seed: 2, options: options)
    options.historyS = 3_600
    let warm = World(seed: 2, options: options)
    let counts = [cold, warm].map { world in
      (0..<world.coinCount).reduce(0) { $0 + world.flow(of: $1, windowS: 3600, now: world.now).buyCount }
    }
    #expect(counts[0] == 0)
    #expect(counts[1] > 2_000)
  }
}
