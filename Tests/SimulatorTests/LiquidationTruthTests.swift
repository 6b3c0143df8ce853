import Base
import Engines
import Hyperliquid
import Market
import Testing

@testable import Simulator

/// Liquidations as the daemon reads them from fills, against the world that made them.
struct LiquidationTruthTests {
  /// An execution of the world, as the liquidated account's own row tells it.
  struct Truth: Hashable {
    var coin: String
    var timeMs: Int64
    var isLong: Bool
    var usd: Int64
    var address: Address
  }

  private func world(_ seed: UInt64) -> World {
    var options = WorldOptions()
    options.coins = 10
    options.accounts = 200
    options.tradesPerSecond = 60
    options.historyDays = 2
    options.volatility = 6
    options.jumpsPerHour = 3
    let world = World(seed: seed, options: options)
    world.advance(to: WallTime(ms: world.now.ms + 300_000))
    return world
  }

  private func truths(_ world: World) -> [Truth] {
    var rows: [Truth] = []
    for account in world.accounts {
      for number in account.fills.dropped..<account.fills.end {
        let row = account.fills[number]
        guard row.liquidated == Int32(account.index) else { continue }
        rows.append(
          Truth(
            coin: world.coinName(Int(row.coin)), timeMs: row.timeMs, isLong: row.start > 0,
            usd: row.px * row.sz, address: account.address))
      }
    }
    return rows
  }

  /// Feeds the fills of these accounts, each through the exchange's text and the daemon's decoder, page by page.
  private func read(
    _ engine: Liquidations, _ exchange: Exchange, _ users: [Address], coins: Coins, repeats: Int
  ) throws {
    for user in users {
      var start: Int64 = 0
      while true {
        let out = ByteBuffer(capacity: 1 << 20)
        let count = exchange.writeFills(user, startMs: start, endMs: .max, reversed: false, ReplyText(out))
        var fills = Fills()
        try fills.decode(body: out.bytes, coins: coins)
        #expect(fills.fills.count == count)
        for _ in 0..<repeats {
          for fill in fills.fills { _ = engine.apply(fill, of: user, now: exchange.world.now) }
        }
        guard count == Exchange.fillsPageMax, let last = fills.fills.last else { break }
        start = last.time.ms
      }
    }
  }

  private func coins(_ world: World) -> Coins {
    var coins = Coins()
    for index in 0..<world.coinCount {
      _ = coins.list(
        Coin(name: world.coinName(index), dex: "", szDecimals: 2, maxLeverage: 20, isListed: true))
    }
    return coins
  }

  private func found(_ engine: Liquidations, _ coins: Coins) -> [Truth] {
    var rows: [Truth] = []
    engine.forEach(since: WallTime(ms: 0), limit: .max) { event in
      rows.append(
        Truth(
          coin: coins[event.coin].name, timeMs: event.occurredAt.ms, isLong: event.isLong,
          usd: event.sizeUsd.micros, address: event.address ?? Address(a: 0, b: 0, c: 0)))
    }
    return rows
  }

  private func counts(_ rows: [Truth]) -> [Truth: Int] {
    Dictionary(rows.map { ($0, 1) }, uniquingKeysWith: +)
  }

  private func differences(_ a: [Truth: Int], _ b: [Truth: Int]) -> Int {
    Set(a.keys).union(b.keys).count { a[$0] != b[$0] }
  }

  @Test(arguments: 1...2) func everybodysFillsTellAll(seed: UInt64) throws {
    let world = world(seed)
    let exchange = Exchange(world: world)
    let coins = coins(world)
    let truth = truths(world).filter { $0.usd >= 100_000_000 }
    let engine = Liquidations()
    var random = PRNG(seed: seed)
    // Accounts in any order, so now the liquidated account's row comes first, now the other's.
    let users = world.accounts.map(\.address).sorted { _, _ in random.chance(0.5) }
    try read(engine, exchange, users, coins: coins, repeats: 2)
    #expect(truth.count > 20)
    #expect(differences(counts(found(engine, coins)), counts(truth)) == 0)
    #expect(world.counters.marketLiquidations > 0)
  }

  @Test(arguments: 1...2) func vaultsFillsTellNothingElse(seed: UInt64) throws {
    let world = world(seed)
    let coins = coins(world)
    let truth = counts(truths(world))
    let engine = Liquidations()
    try read(engine, Exchange(world: world), world.vaultAddresses, coins: coins, repeats: 1)
    let rows = found(engine, coins)
    let invented = counts(rows).count { row, count in truth[row, default: 0] < count }
    #expect(invented == 0)
    // Every take-over has a vault on its other side.
    let taken = world.accounts.filter { world.vaultAddresses.contains($0.address) }.flatMap { vault in
      (vault.fills.dropped..<vault.fills.end).map { vault.fills[$0] }.filter {
        $0.liquidated >= 0 && $0.px * $0.sz >= 100_000_000
      }
    }
    #expect(rows.count == taken.count)
  }
}
