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

/// The position poller.
public struct PositionPollerFacts: Sendable {
  /// Accounts polled.
  public var totalPolls = 0
  /// Positions written.
  public var totalPositionsUpserted = 0
  /// Polls that failed.
  public var totalErrors = 0
  /// Accounts in tiers 1, 2 and 3.
  public var tierCounts = (0, 0, 0)

  /// Nothing polled.
  public init() {}
}

/// The HLP tracker.
public struct HLPTrackerFacts: Sendable {
  /// Vaults followed.
  public var vaultsTracked = 0
  /// Polls of all vaults.
  public var totalPolls = 0
  /// Snapshot rows written.
  public var totalSnapshots = 0
  /// Open positions of the vaults.
  public var currentPositions = 0

  /// Nothing polled.
  public init() {}
}

/// The liquidation heatmap.
public struct LiqHeatmapFacts: Sendable {
  /// Coins with a computed heatmap.
  public var cachedCoins = 0
  /// When the last computation ended.
  public var lastRecompute = WallTime(ms: 0)

  /// Nothing computed.
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
  /// The process.
  public var runtime = RuntimeFacts()

  /// Nothing known yet.
  public init() {}
}
