import Base
import Engines
import Market

/// Has the liquidation heatmaps computed every `heatmap.recompute_interval`, from memory, on the pool.
///
/// A job is handed a snapshot (references, no copies) and each coin's price; its result replaces the former whole.
/// After a start, positions are back before the exchange has said a price: while a coin that is held has none, the
/// next computation comes after `unpricedInterval`, for `unpricedMax` at most (a delisted coin never gets a price).
/// Bound: one job under way; one that takes longer than the interval delays the next.
struct HeatmapKeeper {
  static let unpricedInterval = TimeSpan.milliseconds(500)
  static let unpricedMax = TimeSpan.seconds(60)

  private(set) var interval: TimeSpan
  private(set) var bucketCount: Int
  private(set) var rangePct: Double
  private var due = Instant.never
  /// When the first computation became due.
  private var begunAt = Instant.never
  private var startedAt: Instant?
  /// Computations so far, and how long the last one took to come back.
  private(set) var computations = 0
  private(set) var lastDuration = TimeSpan.zero

  init(options: Options) {
    interval = TimeSpan(seconds: options[.heatmapInterval])
    bucketCount = options[.heatmapBuckets]
    rangePct = options[.heatmapRange]
  }

  /// Takes over changed options: all coins are computed anew at once.
  mutating func configure(_ options: Options, now: Now) {
    interval = TimeSpan(seconds: options[.heatmapInterval])
    bucketCount = options[.heatmapBuckets]
    rangePct = options[.heatmapRange]
    if due != .never { due = now.instant }
  }

  var deadline: Instant { startedAt == nil ? due : .never }

  /// There are positions to look at; the first computation is due at once.
  mutating func begin(now: Now) {
    due = now.instant
    begunAt = now.instant
  }

  /// Starts a computation when one is due.
  mutating func tick(_ knowledge: Knowledge, coins: Int, _ jobs: inout Jobs, _ out: Output, now: Now) {
    guard startedAt == nil, now.instant >= due, jobs.hasRoom else { return }
    startedAt = now.instant
    let snapshot = knowledge.positions.snapshot()
    var unpriced = 0
    var inputs: [HeatmapInput] = []
    inputs.reserveCapacity(coins)
    for raw in 0..<UInt32(coins) {
      let coin = CoinID(raw: raw)
      let mid = knowledge.markets.price(of: coin, now: now.instant)
      if mid == nil, snapshot.count(of: coin) > 0 { unpriced += 1 }
      inputs.append(HeatmapInput(mid: mid, openInterestUsd: knowledge.markets.openInterestUsd(of: coin)))
    }
    let isEarly = unpriced > 0 && now.instant - begunAt < HeatmapKeeper.unpricedMax
    due = now.instant + (isEarly ? min(interval, HeatmapKeeper.unpricedInterval) : interval)
    jobs.start(
      .heatmap(
        HeatmapJob(
          snapshot: snapshot, inputs: inputs, bucketCount: bucketCount,
          rangePct: rangePct, now: now.wall)), out)
  }

  /// Takes a result.
  mutating func computed(_ result: HeatmapResult, _ knowledge: Knowledge, now: Now) {
    if let startedAt { lastDuration = now.instant - startedAt }
    startedAt = nil
    computations += 1
    knowledge.heatmap = result
  }
}
