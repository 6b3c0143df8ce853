import Base
import Market

/// Holds order-flow answers against the world: recounts each window from the exchange's own trades.
///
/// Most: every trade the exchange generated inside the window. Least: those of them that were certainly handed to
/// Core and that lie in no gap the answer admits. Between the two lie only trades on their way and the few
/// milliseconds by which a clock can be uncertain, so mostly both are one number and the answer must be exact.
struct FlowOracle {
  /// The longest a dead connection may go unnoticed: a ping every 30 s, 10 s for its pong, a sweep a second.
  static let detectionMax = TimeSpan.seconds(45)

  /// The exchange's time as the daemon estimates it, from its statistics of the same moment.
  var estimate = WallTime(ms: 0)
  var isDue = false
  /// The last answer of `/v1/stats`.
  var statistics = RequestValue.null
  var tradesSeen: Int64 = 0
  var discovered: Int64 = 0
  var hasReportedUse = false
  /// Requests refused in the minute after a restart.
  var refusedExcused = 0
  /// The disk took writes during the last seconds before a stop.
  var isDiskSteady = true
  /// Spans in which the exchange kept a coin's trades back. Nobody can know of those that come between the last
  /// frame and the next, so they are asked for only when a gap does not cover them.
  var silent: [Int: [(from: WallTime, to: WallTime?)]] = [:]

  /// How far off the machine's clock was when the process started.
  var startOffsetMs: Int64 = 0

  mutating func begin(wallOffsetMs: Int64) {
    startOffsetMs = wallOffsetMs
    isDue = false
    tradesSeen = 0
    discovered = 0
  }
}

/// One answer's account of what it covers, in the exchange's milliseconds.
private struct ClaimedGap {
  var from: Int64
  var to: Int64
  var isOpen: Bool
}

extension Simulation {
  /// How far two clocks and two ways may be apart, milliseconds.
  private var slackMs: Int64 { Int64(plan.jitterMs + plan.delayMsMax) + 5 }

  func checkFlow(_ name: String, _ value: RequestValue) {
    guard oracle.isDue, let index = exchange.world.coinIndex(name) else { return }
    guard value["coin"]?.text == name || !exchange.world.isListed(index) || value["windows"] != nil else {
      return complain(.flow, "\(name) is called \(value["coin"]?.text ?? "nothing")")
    }
    let gaps = (value["gaps"]?.items ?? []).map { gap in
      ClaimedGap(
        from: milliseconds(gap["from"]), to: milliseconds(gap["to"]), isOpen: gap["open"] == .bool(true))
    }
    judgeRecovery(name, index, value, gaps)
    guard case .object(let windows)? = value["windows"] else {
      return complain(.flow, "\(name) has no windows")
    }
    for (label, window) in windows { checkWindow(name, index, label, window, gaps) }
  }

  private func milliseconds(_ value: RequestValue?) -> Int64 {
    Int64(((value?.number ?? 0) * 1000).rounded())
  }

  /// Some time after the last fault every listed coin is followed.
  private func judgeRecovery(_ name: String, _ index: Int, _ value: RequestValue, _ gaps: [ClaimedGap]) {
    guard isCalm, exchange.world.isListed(index) else { return }
    if gaps.contains(where: \.isOpen) { complain(.recovery, "\(name) is not followed") }
    let covered = value["windows"]?["1m"]?["covered_seconds"]?.number
    if let covered, covered <= 0 { complain(.recovery, "\(name) has no coverage") }
  }

  private func checkWindow(
    _ name: String, _ index: Int, _ label: String, _ window: RequestValue, _ gaps: [ClaimedGap]
  ) {
    guard let seconds = window["window_seconds"]?.int, let buyCount = window["buy_count"]?.int,
      let sellCount = window["sell_count"]?.int, let buyUsd = window["buy_volume_usd"]?.number,
      let sellUsd = window["sell_volume_usd"]?.number, let covered = window["covered_seconds"]?.number
    else { return complain(.flow, "\(name) \(label): fields are missing") }
    counts.windows += 1
    let now = oracle.estimate.ms
    let start = now - seconds * 1000
    let most = exchange.world.flow(of: index, from: WallTime(ms: start), to: exchangeNow)
    let least = least(index, start: start, coveredMs: Int64((covered * 1000).rounded()), now: now, gaps)
    if covered > Double(seconds) { complain(.flow, "\(name) \(label): covers \(covered) s of \(seconds)") }
    if most == least { counts.exactWindows += 1 }
    func judge(_ what: String, _ value: Double, _ least: Double, _ most: Double) {
      guard value < least - 0.006 || value > most + 0.006 else { return }
      complain(
        .flow,
        "\(name) \(label) \(what): \(value) instead of \(least)…\(most) (covered \(covered) s, "
          + "\(gaps.count) gaps, exchange time \(exchangeNow.ms), estimate \(now), delivered "
          + "\(deliveredUpTo.ms), last \((exchange.world.trades(of: index).suffix(6)).map { exchange.world.trade(index, $0).time.ms }))"
      )
    }
    judge("buy_count", Double(buyCount), Double(least.buyCount), Double(most.buyCount))
    judge("sell_count", Double(sellCount), Double(least.sellCount), Double(most.sellCount))
    judge("buy_volume_usd", buyUsd, least.buyNtl.cents, most.buyNtl.cents)
    judge("sell_volume_usd", sellUsd, least.sellNtl.cents, most.sellNtl.cents)
  }

  /// What the answer owes: the trades in the covered part of the window that were certainly received.
  private func least(
    _ index: Int, start: Int64, coveredMs: Int64, now: Int64, _ gaps: [ClaimedGap]
  ) -> FlowTruth {
    var truth = FlowTruth()
    let slack = slackMs
    // From when on the coin is followed is not told but follows from what is covered.
    let inside = gaps.reduce(0) { $0 + max(0, min($1.to, now) - max($1.from, start)) }
    var since = start
    if coveredMs + inside < now - start {
      let whole = gaps.reduce(0) { $0 + max(0, min($1.to, now) - $1.from) }
      since = max(start, now - coveredMs - min(whole, inside)) + slack
    }
    guard coveredMs > 0 else { return truth }
    // The engine's clock never goes back, so it may be this much ahead of the estimate.
    let first = max(since, start + slack)
    let last = min(deliveredUpTo.ms, now + slack)
    let silent = oracle.silent[index] ?? []
    let rows = exchange.world.coins[index].trades
    // Rows as the world keeps them: this is where most of a run's time goes.
    for number in rows.partition({ $0.timeMs < first })..<rows.end {
      let row = rows[number]
      let time = row.timeMs
      if time > last { break }
      var isExcused = false
      for gap in gaps where time >= gap.from - slack && time <= gap.to + slack { isExcused = true }
      for span in silent where time >= span.from.ms - 1_000 && time <= (span.to?.ms ?? .max) {
        isExcused = true
      }
      if isExcused { continue }
      if row.isBuy {
        truth.buyNtl += Usd(micros: row.px * row.sz)
        truth.buyCount += 1
      } else {
        truth.sellNtl += Usd(micros: row.px * row.sz)
        truth.sellCount += 1
      }
    }
    return truth
  }
}

extension Usd {
  fileprivate var cents: Double { Double(micros) / 1e6 }
}
