import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Simulator

/// What the profiler makes of the exchange's pages equals what the world's accounts did.
@Suite("Profiles of simulated accounts") struct ProfileTruthTests {
  /// A round trip as the account lived it.
  private struct Round: Equatable {
    var coin: String
    var isLong: Bool
    var entryMs: Int64
    var exitMs: Int64
    var sizeCents: Int64
    var pnlCents: Int64
  }

  /// The account's round trips, from the world's own rows in the order they happened.
  private func truth(_ world: World, _ account: Account) -> [Round] {
    var open: [Int32: (round: Round, notional: Double, pnl: Int64, isTrading: Bool)] = [:]
    var rounds: [Round] = []
    for number in account.fills.dropped..<account.fills.end {
      let row = account.fills[number]
      let coin = world.coins[Int(row.coin)]
      let isMechanical = row.direction == .settlement
      let closes = row.start != 0 && (row.start > 0) != row.isBuy
      if closes, var trade = open[row.coin] {
        trade.pnl += row.closedPnl
        if isMechanical { trade.isTrading = false }
        open[row.coin] = trade
        if abs(row.start) <= row.sz {
          trade.round.exitMs = row.timeMs
          trade.round.sizeCents = Int64((trade.notional * 100).rounded())
          trade.round.pnlCents = Int64((Double(trade.pnl) / 1e4).rounded())
          let isCredible = abs(Double(trade.pnl) / 1e6) <= 10 * trade.notional
          if trade.isTrading, isCredible { rounds.append(trade.round) }
          open[row.coin] = nil
        }
      }
      let built = closes ? max(row.sz - abs(row.start), 0) : row.sz
      guard built > 0 else { continue }
      if row.start == 0 || closes {
        let round = Round(
          coin: coin.name, isLong: row.isBuy, entryMs: row.timeMs, exitMs: 0, sizeCents: 0, pnlCents: 0)
        open[row.coin] = (round, 0, 0, true)
      }
      let ntl = Double(row.px * coin.pxUnit) * Double(built * coin.szUnit) / 1e16
      open[row.coin]?.notional += ntl
      if isMechanical { open[row.coin]?.isTrading = false }
    }
    return rounds
  }

  /// Every page the exchange has of the account, as the daemon asks for them.
  private func pages(_ exchange: Exchange, _ account: Account, _ coins: Coins) throws -> [ProfileFill] {
    var fills: [ProfileFill] = []
    var startMs: Int64 = 0
    for _ in 0..<10 {
      let body = exchange.ask(
        #"{"type":"userFillsByTime","user":"\#(account.address)","startTime":\#(startMs)}"#,
        from: Int(account.index) + 10)
      let buffer = ByteBuffer()
      buffer.append(utf8: body.body)
      var page = Fills()
      try page.decode(body: buffer.bytes, coins: coins)
      fills.append(contentsOf: page.fills.compactMap { ProfileFill($0) })
      guard page.fills.count == 2000, let last = page.fills.last, last.time.ms > startMs else { break }
      startMs = last.time.ms
    }
    return fills
  }

  @Test("Trades, profits and gaps", arguments: [1, 2] as [UInt64])
  func trades(seed: UInt64) throws {
    var options = WorldOptions.small
    options.historyTradesPerAccount = 120
    options.tradesPerSecond = 8
    let world = World(seed: seed, options: options)
    world.advance(to: WallTime(ms: options.start.ms + 1_800_000))
    let exchange = Exchange(world: world)
    var coins = Coins()
    for coin in world.coins {
      _ = coins.list(Coin(name: coin.name, dex: "", szDecimals: 2, maxLeverage: 10, isListed: true))
    }
    var found = 0
    for account in world.accounts {
      let outcome = ProfileJob(
        account: AddressID(raw: 0), address: account.address, fills: try pages(exchange, account, coins),
        windowDays: 30, completeFrom: nil, equity: nil, options: ProfileOptions(), now: world.now
      ).run()
      let rounds = outcome.trades.reversed().map { trade in
        Round(
          coin: coins[trade.coin].name, isLong: trade.isLong, entryMs: trade.entryTime.ms,
          exitMs: trade.exitTime.ms, sizeCents: Int64((trade.sizeUsd * 100).rounded()),
          pnlCents: Int64((trade.pnlUsd * 100).rounded()))
      }
      let expected = truth(world, account)
      #expect(outcome.counts.gaps == 0, "account \(account.index)")
      #expect(rounds.count == expected.count, "account \(account.index)")
      for round in expected where !rounds.contains(where: { isSame($0, round) }) {
        Issue.record("seed \(seed) account \(account.index): missing \(round)")
      }
      found += rounds.count
    }
    #expect(found > 300)
  }

  /// Equal but for a cent: the truth is added up in doubles.
  private func isSame(_ a: Round, _ b: Round) -> Bool {
    a.coin == b.coin && a.isLong == b.isLong && a.entryMs == b.entryMs && a.exitMs == b.exitMs
      && abs(a.sizeCents - b.sizeCents) <= 1 && abs(a.pnlCents - b.pnlCents) <= 1
  }
}
