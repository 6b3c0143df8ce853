import Base
import Engines
import Market

@testable import API

/// The same small world for every golden answer: three coins, a few minutes of trades, one gap.
enum FixedViews {
  /// The exchange's clock in the golden answers.
  static let exchangeNow = WallTime(ms: 1_795_353_385_046)

  /// A view of the world; `fill` changes what one case needs.
  static func make(_ fill: (Views) -> Void = { _ in }) -> Views {
    let started = Instant(ns: 5_000_000_000)
    let now = Now(instant: started + TimeSpan(ns: 138_449_000_000), wall: WallTime(ms: 1_795_353_385_058))
    let knowledge = Knowledge(
      orderFlow: OrderFlow(recentMax: 64, coinsMax: 16), book: AddressBook(addressesMax: 256, seed: 1))
    let views = Views(knowledge: knowledge, now: now)
    views.started = started
    views.exchangeNow = exchangeNow
    for (name, dex) in [("BTC", ""), ("kPEPE", ""), ("xyz:TSLA", "xyz"), ("PURR/USDC", ""), ("ETH", "")] {
      _ = views.coins.list(Coin(name: name, dex: dex, szDecimals: 5, maxLeverage: 40, isListed: true))
    }
    trades(views.orderFlow)
    FixedWorld.fill(views)
    let since = WallTime(ms: exchangeNow.ms - 1_000_000)
    views.coverage = [
      Coverage(
        since: since,
        gaps: [
          Gap(from: WallTime(ms: exchangeNow.ms - 400_000), to: WallTime(ms: exchangeNow.ms - 250_500))
        ]),
      Coverage(since: since),
      Coverage(since: since, gaps: [Gap(from: WallTime(ms: exchangeNow.ms - 30_250), to: nil)]),
    ]
    views.health.addressesDiscovered = 5000
    views.health.positionsTracked = 8218
    views.health.wsHealthy = true
    views.stats = stats
    fill(views)
    return views
  }

  private static func trades(_ flow: OrderFlow) {
    let ages: [Int64] = [3_000, 59_999, 60_001, 250_000, 700_000, 3_599_000]
    for (coin, px) in [(0 as UInt32, 98_341), (1, 2), (2, 431)] {
      for (index, age) in ages.reversed().enumerated() {
        let trade = Trade(
          coin: CoinID(raw: coin), side: index % 3 == 0 ? .sell : .buy,
          px: Px(raw: Int64(px) * 100_000_000 + 50_000_000),
          sz: Sz(raw: 12_345_000 * Int64(index + 1)), time: WallTime(ms: exchangeNow.ms - age),
          tid: UInt64(index + 1), buyer: Address(a: 1, b: 2, c: 3), seller: Address(a: 4, b: 5, c: 6))
        _ = flow.apply(trade, now: exchangeNow)
      }
    }
  }

  /// Adds one trade of `coin`.
  static func trade(_ views: Views, coin: String) {
    guard let id = views.coins.resolve(coin) else { return }
    let trade = Trade(
      coin: id, side: .buy, px: Px(raw: 14_000_000_000), sz: Sz(raw: 250_000_000),
      time: WallTime(ms: exchangeNow.ms - 1000), tid: 99, buyer: Address(a: 1, b: 2, c: 3),
      seller: Address(a: 4, b: 5, c: 6))
    _ = views.orderFlow.apply(trade, now: exchangeNow)
  }

  private static var stats: StatsFacts {
    var stats = StatsFacts()
    stats.rateLimiter.available = 1003
    stats.rateLimiter.max = 1020
    stats.rateLimiter.totalAcquired = 11_560
    stats.rateLimiter.totalWaited = .milliseconds(1250)
    var stream = TradeStreamFacts()
    stream.subscribedCoins = 200
    stream.totalTrades = 68_155
    stream.totalAddressesDiscovered = 4988
    stream.pendingFlush = 191
    stream.wsConnected = true
    stream.wsHealthy = true
    stream.lastTradeAge = .milliseconds(140)
    stream.totalDuplicates = 12
    stream.totalGaps = 1
    stream.totalFrames = 40_001
    stream.totalBytes = 21_934_113
    stats.tradeStream = stream
    stats.runtime.turns = 812_345
    stats.runtime.turnLast = TimeSpan(ns: 41_300)
    stats.runtime.turnP99 = TimeSpan(ns: 212_000)
    stats.runtime.turnMax = TimeSpan(ns: 3_802_444)
    stats.runtime.memoryBytes = 18_874_368
    stats.runtime.clockSkew = .milliseconds(-12)
    stats.runtime.clients = 2
    stats.runtime.totalRequests = 4711
    stats.runtime.dropped = [("addresses", 0), ("trades", 3)]
    return stats
  }

  /// The blocks of components that are not part of every deployment.
  static func addAllComponents(_ views: Views) {
    var poller = PositionPollerFacts()
    poller.totalPolls = 5196
    poller.totalPositionsUpserted = 9114
    poller.tierCounts = (73, 311, 4616)
    poller.inFlight = 8
    poller.totalPositionsClosed = 211
    poller.totalChanges = 30
    poller.tiers = [(73, 0, 0, 30), (311, 5, 12, 120), (4616, 1902, 640, 600)].map { row in
      var tier = TierFacts()
      (tier.accounts, tier.due) = (row.0, row.1)
      (tier.lag, tier.interval) = (.seconds(row.2), .seconds(row.3))
      return tier
    }
    views.stats.positionPoller = poller
    var tracker = HLPTrackerFacts()
    tracker.vaultsTracked = 8
    tracker.totalPolls = 30
    tracker.totalSnapshots = 1070
    tracker.currentPositions = 107
    tracker.childVaults = 5
    tracker.lastRoundAge = .milliseconds(41_250)
    views.stats.hlpTracker = tracker
    var heatmap = LiqHeatmapFacts()
    heatmap.cachedCoins = 196
    heatmap.lastRecompute = WallTime(ms: 1_795_353_377_692)
    heatmap.totalRecomputes = 14
    heatmap.lastDuration = TimeSpan(ns: 1_204_000)
    views.stats.liqHeatmap = heatmap
    addComputed(views)
  }

  private static func addComputed(_ views: Views) {
    var liquidations = LiquidationsFacts()
    liquidations.held = 41
    liquidations.totalEvents = 12
    liquidations.sources = [
      LiquidationSourceFacts(name: LiquidationSourceFacts.vaults, accounts: 8, totalEvents: 11),
      LiquidationSourceFacts(name: LiquidationSourceFacts.profiles, accounts: 120, totalEvents: 1),
    ]
    views.stats.liquidations = liquidations
    var profiler = ProfilerFacts()
    profiler.profiles = 120
    profiler.queued = 3
    profiler.totalProfiles = 121
    profiler.totalOnDemand = 2
    profiler.ranked = 4012
    profiler.rankingsAsOf = WallTime(ms: 1_795_353_384_200)
    views.stats.profiler = profiler
    var market = MarketFacts()
    market.mids = 430
    market.contexts = 428
    market.source = "stream"
    market.midsAge = .milliseconds(1_090)
    views.stats.market = market
    var books = BooksFacts()
    (books.coins, books.live, books.totalBooks) = (3, 2, 4000)
    views.stats.books = books
    var database = DatabaseFacts()
    (database.totalBatches, database.totalRows, database.pendingRows) = (131, 90_211, 12)
    database.lastBatch = TimeSpan(ns: 4_400_000)
    views.stats.database = database
  }
}
