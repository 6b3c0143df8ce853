import Base
import Engines
import Market
import Testing

@Suite("Profiles of hand-made fills") struct ProfileTests {
  private let hour: Int64 = 3_600_000

  /// A fill: buys are positive sizes; px and size in whole units.
  private func fill(
    _ time: Int64, _ szi: Int, at px: Int, from start: Int, pnl: Double = 0, tid: UInt64? = nil,
    coin: Int = 0,
    direction: FillDirection = .other
  ) -> Fill {
    var fill = Fill()
    fill.coin = CoinID(raw: UInt32(coin))
    fill.time = WallTime(ms: time)
    fill.px = Px(raw: Int64(px) * 100_000_000)
    fill.sz = Sz(raw: Int64(abs(szi)) * 100_000_000)
    fill.side = szi > 0 ? .buy : .sell
    fill.startPosition = Sz(raw: Int64(start) * 100_000_000)
    fill.closedPnl = Usd(micros: Int64(pnl * 1_000_000))
    fill.direction = direction
    fill.tid = tid ?? UInt64(time &* 1_000 + Int64(start) * 10 + Int64(szi) + 500)
    fill.hash = TxHash(words: SIMD4(0, 0, 0, UInt64(time)))
    return fill
  }

  private func run(
    _ fills: [Fill], options: ProfileOptions = ProfileOptions(minTrades: 1), windowDays: Double = 7
  ) -> ProfileOutcome {
    ProfileJob(
      account: AddressID(raw: 1), address: Address(a: 0, b: 0, c: 1),
      fills: fills.compactMap { ProfileFill($0) }, windowDays: windowDays, completeFrom: nil,
      equity: Usd(micros: 5), options: options, now: WallTime(ms: 99)
    ).run()
  }

  @Test("Built in two fills, closed in two: averages, profit, time")
  func plain() throws {
    let outcome = run([
      fill(hour, 1, at: 100, from: 0), fill(2 * hour, 3, at: 104, from: 1),
      fill(3 * hour, -2, at: 110, from: 4, pnl: 14), fill(5 * hour, -2, at: 120, from: 2, pnl: 34),
    ])
    let trade = try #require(outcome.trades.first)
    #expect(outcome.trades.count == 1 && trade.isLong && trade.isWin)
    #expect(trade.entryPx == 103 && trade.exitPx == 115 && trade.sizeUsd == 412 && trade.pnlUsd == 48)
    #expect(trade.pnlPct == 0.116505 && trade.holdHours == 4)
    #expect(trade.entryTime.ms == hour && trade.exitTime.ms == 5 * hour)
    let profile = try #require(outcome.profile)
    #expect(profile.winRate == 1 && profile.profitFactor == 999 && profile.tradeCount == 1)
    #expect(profile.avgHoldHours == 4 && profile.style == .mixed && !profile.isBot)
    #expect(profile.maxDrawdown == 0 && profile.avgPnlPct == 0.1165)
    #expect(profile.equity == Usd(micros: 5) && profile.windowDays == 7 && profile.computedAt.ms == 99)
  }

  @Test("A flip closes one trade with the whole profit and opens the next")
  func flip() {
    let outcome = run([
      fill(hour, 2, at: 100, from: 0), fill(2 * hour, -5, at: 90, from: 2, pnl: -20),
      fill(3 * hour, 3, at: 80, from: -3, pnl: 30),
    ])
    #expect(outcome.trades.count == 2)
    let (short, long) = (outcome.trades[0], outcome.trades[1])
    #expect(long.isLong && long.sizeUsd == 200 && long.exitPx == 90 && long.pnlUsd == -20 && !long.isWin)
    #expect(!short.isLong && short.sizeUsd == 270 && short.entryPx == 90 && short.pnlUsd == 30)
    #expect(short.entryTime == long.exitTime)
    #expect(outcome.profile?.profitFactor == 1.5 && outcome.profile?.maxDrawdown == 20)
    #expect(outcome.profile?.winRate == 0.5)
  }

  @Test("A position open before the window is no trade; what its flip opens is")
  func openAtStart() {
    let outcome = run([
      fill(hour, -1, at: 100, from: 3, pnl: 7), fill(2 * hour, -4, at: 90, from: 2, pnl: 7),
      fill(3 * hour, 2, at: 80, from: -2, pnl: 20),
    ])
    #expect(outcome.trades.count == 1 && outcome.trades[0].entryPx == 90 && outcome.trades[0].pnlUsd == 20)
    #expect(outcome.counts.openAtStart == 1 && outcome.counts.gaps == 0)
  }

  @Test("Nothing is built over a gap; matching goes on from the position the fill names")
  func gap() {
    let outcome = run([
      fill(hour, 2, at: 100, from: 0),
      // Somewhere two more were bought.
      fill(2 * hour, -4, at: 110, from: 4, pnl: 40), fill(3 * hour, 1, at: 100, from: 0),
      fill(4 * hour, -1, at: 99, from: 1, pnl: -1),
    ])
    #expect(outcome.counts.gaps == 1 && outcome.counts.brokenTrades == 1)
    #expect(outcome.trades.count == 1 && outcome.trades[0].pnlUsd == -1)
    #expect(outcome.profile?.gaps == 1)
  }

  @Test("Rows of one millisecond are put along the chain of positions")
  func shuffledMillisecond() {
    let outcome = run([
      fill(hour, 1, at: 103, from: 2), fill(hour, 1, at: 101, from: 0), fill(hour, 1, at: 102, from: 1),
      fill(2 * hour, -1, at: 105, from: 1), fill(2 * hour, -2, at: 104, from: 3, pnl: 3),
    ])
    #expect(outcome.counts.gaps == 0 && outcome.trades.count == 1)
    #expect(outcome.trades.first?.entryPx == 102 && outcome.trades.first?.sizeUsd == 306)
  }

  @Test("Where two rows fit, the one that leaves a way for the rest goes first")
  func branch() {
    // From 0: the sell leads to -2 and nowhere else, the round trip must come before it.
    let outcome = run([
      fill(hour, -2, at: 100, from: 0), fill(hour, 1, at: 100, from: 0),
      fill(hour, -1, at: 101, from: 1, pnl: 1), fill(2 * hour, 2, at: 90, from: -2, pnl: 20),
    ])
    #expect(outcome.counts.gaps == 0 && outcome.trades.map { $0.pnlUsd } == [20, 1])
  }

  @Test("Trades with oneself and rows told twice leave no trace")
  func selfAndRepeated() {
    let opening = fill(hour, 2, at: 100, from: 0)
    var mine = fill(2 * hour, 1, at: 150, from: 2, tid: 77)
    var mineToo = mine
    mineToo.side = .sell
    mine.oid = 1
    mineToo.oid = 2
    let closing = fill(3 * hour, -2, at: 110, from: 2, pnl: 20)
    let outcome = run([opening, opening, mineToo, mine, closing, closing, mine, mineToo])
    #expect(outcome.counts.duplicates == 4 && outcome.counts.selfTrades == 2 && outcome.counts.gaps == 0)
    #expect(outcome.trades.count == 1 && outcome.trades[0].pnlUsd == 20 && outcome.trades[0].exitPx == 110)
  }

  @Test("A page border may repeat a whole round trip of one millisecond")
  func repeatedRound() {
    let round = [fill(hour, 1, at: 100, from: 0), fill(hour, -1, at: 101, from: 1, pnl: 1)]
    let outcome = run(round + round)
    #expect(outcome.trades.count == 1 && outcome.counts.duplicates == 2)
  }

  @Test("Spot and unlisted coins are skipped; liquidations are ordinary; settlement is no trading")
  func kinds() {
    var unlisted = fill(hour, 1, at: 100, from: 0)
    unlisted.coin = nil
    let spot = fill(hour, 1, at: 100, from: 0, direction: .buy)
    var liquidated = fill(3 * hour, -1, at: 50, from: 1, pnl: -50, direction: .closeLong)
    liquidated.liquidation = FillLiquidation(user: nil, markPx: Px(raw: 1), method: .market)
    let outcome = run([
      unlisted, spot, fill(2 * hour, 1, at: 100, from: 0), liquidated, fill(4 * hour, -1, at: 100, from: 0),
      fill(5 * hour, 1, at: 90, from: -1, pnl: 10, direction: .autoDeleveraging),
      fill(6 * hour, 1, at: 100, from: 0), fill(7 * hour, -1, at: 90, from: 1, direction: .settlement),
    ])
    #expect(outcome.counts.fills == 6 && outcome.trades.map { $0.pnlUsd } == [10, -50])
    #expect(outcome.counts.mechanicalTrades == 1)
  }

  @Test("A profit above ten times the entry is corrupt")
  func corrupt() {
    func round(_ pnl: Double) -> ProfileOutcome {
      run([fill(hour, 1, at: 10, from: 0), fill(2 * hour, -1, at: 110, from: 1, pnl: pnl)])
    }
    #expect(round(100).trades.first?.pnlPct == 10)
    #expect(round(100.000001).trades.isEmpty && round(100.000001).counts.corruptTrades == 1)
    #expect(round(-100.000001).trades.isEmpty)
  }

  @Test("Too few trades give no profile; the least hold is a thousandth of an hour; bots by number or hold")
  func styles() {
    func rounds(_ count: Int, every: Int64, hold: Int64) -> [Fill] {
      (0..<Int64(count)).flatMap { index in
        [
          fill(hour + index * every, 1, at: 100, from: 0),
          fill(hour + index * every + hold, -1, at: 101, from: 1, pnl: 1),
        ]
      }
    }
    let defaults = ProfileOptions()
    #expect(run(rounds(4, every: hour, hold: 1), options: defaults).profile == nil)
    #expect(run(rounds(4, every: hour, hold: 1), options: defaults).trades.count == 4)
    let quick = run(rounds(5, every: hour, hold: 1), options: defaults)
    #expect(
      quick.trades[0].holdHours == 0.001 && quick.profile?.style == .bot && quick.profile?.isBot == true)
    let minutes: Int64 = 60_000
    #expect(run(rounds(5, every: hour, hold: 2 * minutes), options: defaults).profile?.style == .scalper)
    #expect(run(rounds(50, every: 10 * minutes, hold: 5 * minutes)).profile?.style == .scalper)
    #expect(run(rounds(51, every: 10 * minutes, hold: 5 * minutes)).profile?.style == .bot)
    #expect(run(rounds(5, every: 9 * hour, hold: hour)).profile?.style == .mixed)
    #expect(run(rounds(5, every: 9 * hour, hold: 4 * hour)).profile?.style == .mixed)
    #expect(run(rounds(5, every: 9 * hour, hold: 4 * hour + 1)).profile?.style == .swing)
    #expect(run([]).profile == nil)
  }

  @Test("Drawdown runs in the order of exits, across coins")
  func drawdown() {
    // Coin 1's loss ends before coin 0's win though it began later.
    let outcome = run([
      fill(hour, 1, at: 100, from: 0), fill(10 * hour, -1, at: 150, from: 1, pnl: 50),
      fill(2 * hour, 1, at: 100, from: 0, coin: 1), fill(3 * hour, -1, at: 70, from: 1, pnl: -30, coin: 1),
      fill(4 * hour, 1, at: 100, from: 0, coin: 1), fill(5 * hour, -1, at: 90, from: 1, pnl: -10, coin: 1),
    ])
    #expect(outcome.profile?.maxDrawdown == 40)
    #expect(outcome.trades.map { $0.pnlUsd } == [50, -10, -30])
  }

  @Test("Numbers no exchange sends do not trap")
  func absurd() {
    var random = PRNG(seed: 4)
    let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    for _ in 0..<2_000 {
      let fills = (0..<6).map { _ in
        var fill = Fill()
        fill.coin = CoinID(raw: UInt32(random.below(2)))
        fill.time = WallTime(ms: Int64(random.below(2)))
        fill.px = Px(raw: max(extremes[random.below(7)], 0))
        fill.sz = Sz(raw: max(extremes[random.below(7)], 1))
        fill.startPosition = Sz(raw: extremes[random.below(7)])
        fill.closedPnl = Usd(micros: extremes[random.below(7)])
        fill.side = random.chance(0.5) ? .buy : .sell
        fill.tid = random.next() >> 60
        return fill
      }
      let outcome = run(fills)
      #expect(outcome.trades.allSatisfy { $0.entryPx.isFinite && $0.exitPx.isFinite && $0.pnlPct.isFinite })
      if let profile = outcome.profile {
        #expect(profile.profitFactor.isFinite && profile.maxDrawdown.isFinite)
      }
    }
  }
}
