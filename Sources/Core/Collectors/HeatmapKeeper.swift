import Base
import Engines
import Market

/// Has the liquidation heatmaps computed every `heatmap.recompute_interval`, from memory, on the pool.
///
/// A job is handed a snapshot (references, no copies) and each coin's price; its result replaces the former whole.
/// Bound: one job under way; one that takes longer than the interval delays the next.
struct HeatmapKeeper {
  private let interval: TimeSpan
  private let bucketCount: Int
  private let rangePct: Double
  private var due = Instant.never
  private var startedAt: Instant?
  /// Computations so far, and how long the last one took to come back.
  private(set) var computations = 0
  private(set) var lastDuration = TimeSpan.zero

  init(options: Options) {
    interval = TimeSpan(ns: Int64(options[.heatmapInterval] * 1e9))
    bucketCount = options[.heatmapBuckets]
    rangePct = options[.heatmapRange]
  }

  var deadline: Instant { startedAt == nil ? due : .never }

  /// There are positions to look at; the first computation is due at once.
  mutating func begin(now: Now) { due = now.instant }

  /// Starts a computation when one is due.
  mutating func tick(_ knowledge: Knowledge, coins: Int, _ jobs: inout Jobs, _ out: Output, now: Now) {
    guard startedAt == nil, now.instant >= due, jobs.hasRoom else { return }
    due = now.instant + interval
    startedAt = now.instant
    var inputs: [HeatmapInput] = []
    inputs.reserveCapacity(coins)
    for raw in 0..<UInt32(coins) {
      let coin = CoinID(raw: raw)
      inputs.append(
        HeatmapInput(
          mid: knowledge.markets.price(of: coin, now: now.instant),
          openInterestUsd: knowledge.markets.openInterestUsd(of: coin)))
    }
    jobs.start(
      .heatmap(
        HeatmapJob(
          snapshot: knowledge.positions.snapshot(), inputs: inputs, bucketCount: bucketCount,
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
