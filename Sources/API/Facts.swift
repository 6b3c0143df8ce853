/// What `/health` and `/v1/stats` report, as plain values that Core fills.
///
/// A block is `nil` when its component is disabled or not part of this build; its key is then absent from
/// the answer. Counters count since the start of the process unless a name says otherwise.
public import Base

/// What `/health` reports.
public struct HealthFacts: Sendable {
  /// Distinct accounts known.
  public var addressesDiscovered = 0
  /// Open positions held.
  public var positionsTracked = 0
  /// Whether trades flow; `nil` when the trade stream is disabled.
  public var wsHealthy: Bool?
  /// How late the most overdue poll of tiers 1, 2 and 3 is, in this order; empty when accounts are not polled.
  public var tierLags: [TimeSpan] = []
  /// Why the service is degraded, one short sentence each, at most `reasonsMax`; empty means "ok".
  public var reasons: [String] = []
  /// The most reasons reported.
  public static let reasonsMax = 16

  /// Nothing known yet.
  public init() {}
}

/// The exchange's request-weight budget.
public struct RateLimiterFacts: Sendable {
  /// Weight that may be spent now.
  public var available = 0
  /// Weight per 60 seconds that we allow ourselves.
  public var max = 0
  /// Weight spent so far.
  public var totalAcquired = 0
  /// Time requests have waited for weight, summed.
  public var totalWaited = TimeSpan.zero
  /// Answers of the exchange with status 429.
  public var total429 = 0
  /// Weight of the last minute, requests in flight included.
  public var used = 0
  /// Requests in flight.
  public var inFlight = 0

  /// Nothing spent.
  public init() {}
}

/// The trade stream.
public struct TradeStreamFacts: Sendable {
  /// Coins whose subscription is acknowledged.
  public var subscribedCoins = 0
  /// Trades counted into the engines.
  public var totalTrades = 0
  /// Trades that could not be read or did not fit.
  public var totalInvalidTrades = 0
  /// Distinct accounts found in trades.
  public var totalAddressesDiscovered = 0
  /// Addresses waiting to be written.
  public var pendingFlush = 0
  /// Whether every connection of the stream is up.
  public var wsConnected = false
  /// Whether trades flow.
  public var wsHealthy = false
  /// Time since the last trade; `nil` before the first.
  public var lastTradeAge: TimeSpan?
  /// Connections made again after a loss.
  public var reconnectCount = 0
  /// Trades dropped because they had been seen (the snapshot a subscription replays, reconnects).
  public var totalDuplicates = 0
  /// Gaps recorded, of all coins.
  public var totalGaps = 0
  /// Frames received.
  public var totalFrames = 0
  /// Bytes received.
  public var totalBytes = 0

  /// Nothing seen.
  public init() {}
}

/// How far one tier of accounts is behind its schedule.
public struct TierFacts: Sendable {
  /// Accounts in the tier.
  public var accounts = 0
  /// Accounts whose poll is due and not yet sent.
  public var due = 0
  /// How late the most overdue poll of the tier is; zero when none is due.
  public var lag = TimeSpan.zero
  /// The tier's configured interval.
  public var interval = TimeSpan.zero
  /// The interval achieved lately; `nil` before the second poll of any account.
  public var achieved: TimeSpan?

  /// Nobody in it.
  public init() {}
}

/// The position poller.
public struct PositionPollerFacts: Sendable {
  /// Accounts polled.
  public var totalPolls = 0
  /// Positions written.
  public var totalPositionsUpserted = 0
  /// Polls that failed.
  public var totalErrors = 0
  /// Accounts in tiers 1, 2 and 3, as `/v1/stats` always told them.
  public var tierCounts = (0, 0, 0)
  /// How far tiers 1, 2 and 3 are behind, in this order; empty when it is not measured.
  public var tiers: [TierFacts] = []
  /// Polls in flight.
  public var inFlight = 0
  /// Positions removed because they were closed.
  public var totalPositionsClosed = 0
  /// Changes found in watched wallets.
  public var totalChanges = 0

  /// Nothing polled.
  public init() {}
}

/// The HLP tracker.
public struct HLPTrackerFacts: Sendable {
  /// Vaults followed, children included.
  public var vaultsTracked = 0
  /// Polls of all vaults.
  public var totalPolls = 0
  /// Snapshot rows written.
  public var totalSnapshots = 0
  /// Open positions of the vaults.
  public var currentPositions = 0
  /// Vaults that were discovered as children of the configured ones.
  public var childVaults = 0
  /// Polls that failed.
  public var totalErrors = 0
  /// Time since the last complete round; `nil` before the first.
  public var lastRoundAge: TimeSpan?

  /// Nothing polled.
  public init() {}
}

/// The liquidation heatmap.
public struct LiqHeatmapFacts: Sendable {
  /// Coins with a computed heatmap.
  public var cachedCoins = 0
  /// When the last computation ended.
  public var lastRecompute = WallTime(ms: 0)
  /// Computations so far.
  public var totalRecomputes = 0
  /// How long the last one took on the pool.
  public var lastDuration = TimeSpan.zero

  /// Nothing computed.
  public init() {}
}

/// One source of liquidation events.
public struct LiquidationSourceFacts: Sendable {
  /// The source, as `/v1/liquidations` names it.
  public var name: String
  /// Accounts whose fills it reads now.
  public var accounts: Int
  /// Events it brought.
  public var totalEvents: Int

  /// The source `name`.
  public init(name: String, accounts: Int = 0, totalEvents: Int = 0) {
    self.name = name
    self.accounts = accounts
    self.totalEvents = totalEvents
  }

  /// Fills of the HLP vaults, as they happen.
  public static let vaults = "hlp_vaults"
  /// Fills read for wallet profiles, as they are read.
  public static let profiles = "profiled_wallets"
}

/// The liquidations seen.
public struct LiquidationsFacts: Sendable {
  /// Events held in memory.
  public var held = 0
  /// Events found.
  public var totalEvents = 0
  /// Where they come from, in a fixed order.
  public var sources: [LiquidationSourceFacts] = []

  /// Nothing seen.
  public init() {}
}

/// The queue of wallet profiles.
public struct ProfilerFacts: Sendable {
  /// Profiles held in memory.
  public var profiles = 0
  /// Wallets waiting, on demand and in the background.
  public var queued = 0
  /// Profiles computed.
  public var totalProfiles = 0
  /// Profiles computed because a client asked.
  public var totalOnDemand = 0
  /// Fetches or computations that failed.
  public var totalErrors = 0
  /// When rankings were last computed; `nil` before the first.
  public var rankingsAsOf: WallTime?
  /// Wallets ranked.
  public var ranked = 0

  /// Nothing profiled.
  public init() {}
}

/// Mids and asset contexts.
public struct MarketFacts: Sendable {
  /// Coins with a mid price.
  public var mids = 0
  /// Coins with a context (mark, open interest).
  public var contexts = 0
  /// Where mids come from now.
  public var source = "none"
  /// Time since the last mids; `nil` before the first.
  public var midsAge: TimeSpan?
  /// Requests made because the stream was stale.
  public var totalRestFallbacks = 0

  /// Nothing known.
  public init() {}
}

/// The order books.
public struct BooksFacts: Sendable {
  /// Coins configured.
  public var coins = 0
  /// Coins whose book is fresh.
  public var live = 0
  /// Books received.
  public var totalBooks = 0

  /// No books.
  public init() {}
}

/// The database.
public struct DatabaseFacts: Sendable {
  /// Batches committed.
  public var totalBatches = 0
  /// Rows committed.
  public var totalRows = 0
  /// Batches that failed.
  public var totalErrors = 0
  /// Rows waiting to be written.
  public var pendingRows = 0
  /// Derived rows dropped, because the disk failed or too many waited.
  public var totalDropped = 0
  /// How long the last batch took.
  public var lastBatch = TimeSpan.zero
  /// Rows removed by retention.
  public var totalPruned = 0
  /// Clients' writes that are on disk.
  public var totalClientWrites = 0
  /// Clients' writes that were refused.
  public var totalClientWritesRefused = 0
  /// Time since the last commit; `nil` before the first.
  public var lastCommitAge: TimeSpan?
  /// Whether it is closed or its last write failed.
  public var isFailing = false
  /// Bytes of the file as of the last commit; 0 when unknown.
  public var fileBytes = 0
  /// Bytes of its write-ahead log, the same.
  public var logBytes = 0

  /// Nothing written.
  public init() {}
}

/// Which components run; the routes of one that does not answer 503.
public struct Components: Sendable {
  /// `trade_stream.enabled`.
  public var tradeStream = true
  /// `position_poller.enabled`, on which the heatmap depends.
  public var positionPoller = true
  /// `hlp_tracker.enabled`.
  public var hlpTracker = true
  /// `l2_subscriber.enabled`.
  public var books = false
  /// `l2_subscriber.coins`, by the exchange's spelling.
  public var bookCoins: [String] = []
  /// `heatmap.bucket_count`.
  public var heatmapBuckets = 50
  /// `heatmap.range_pct`.
  public var heatmapRangePct = 15.0

  /// What the default configuration runs.
  public init() {}
}

/// The process and its loop.
public struct RuntimeFacts: Sendable {
  /// Turns of the event loop.
  public var turns: UInt64 = 0
  /// How long the last turn took.
  public var turnLast = TimeSpan.zero
  /// The 99th percentile of turn times.
  public var turnP99 = TimeSpan.zero
  /// The longest turn.
  public var turnMax = TimeSpan.zero
  /// Resident memory in bytes; 0 when unknown.
  public var memoryBytes = 0
  /// The exchange's clock minus ours, as estimated.
  public var clockSkew = TimeSpan.zero
  /// Client connections open now.
  public var clients = 0
  /// Requests answered.
  public var totalRequests: UInt64 = 0
  /// Lengths of turns since the start.
  public var turnTimes = DurationCounts()
  /// Open file descriptors; 0 when unknown.
  public var openFiles = 0
  /// Handles of the event loop in memory, timers included, and the timers among them; 0 when unknown.
  public var loopHandles = 0
  /// See `loopHandles`.
  public var loopTimers = 0
  /// Connections refused because there were too many.
  public var clientsRefused = 0
  /// Log lines nobody read in time.
  public var logLinesDropped = 0
  /// Things dropped because a bound was met: name and count, in a fixed order, at most `droppedMax`.
  public var dropped: [(name: String, count: UInt64)] = []
  /// The most kinds of drops reported.
  public static let droppedMax = 64

  /// Nothing measured.
  public init() {}
}

/// What `/v1/stats` reports.
public struct StatsFacts: Sendable {
  /// The weight budget.
  public var rateLimiter = RateLimiterFacts()
  /// The trade stream, unless disabled.
  public var tradeStream: TradeStreamFacts?
  /// The position poller, if running.
  public var positionPoller: PositionPollerFacts?
  /// The HLP tracker, if running.
  public var hlpTracker: HLPTrackerFacts?
  /// The heatmap, if computed.
  public var liqHeatmap: LiqHeatmapFacts?
  /// The liquidations seen, if looked for.
  public var liquidations: LiquidationsFacts?
  /// Wallet profiles and rankings, if made.
  public var profiler: ProfilerFacts?
  /// Mids and contexts, if followed.
  public var market: MarketFacts?
  /// The order books, if followed.
  public var books: BooksFacts?
  /// The database, if there is one.
  public var database: DatabaseFacts?
  /// The exchange's connections and requests; for metrics.
  public var exchange = ExchangeFacts()
  /// The process.
  public var runtime = RuntimeFacts()

  /// Nothing known yet.
  public init() {}
}
