import Base
import Engines
import Market

/// Order flow as its definition says it: a list of counted trades, filtered and added up for every question.
struct FlowReference {
  let windowsS: [Int]
  private(set) var clock: Int64 = 0
  private var trades: [CoinID: [Trade]] = [:]
  private var known: Set<Key> = []
  private var hasStepped = false
  /// The latest clock that was stepped back from: what had expired by then may be gone, and count again.
  private var clockBeforeStep = Int64.min

  struct Key: Hashable {
    var coin: CoinID
    var tid: UInt64
    var time: WallTime
  }

  init(windowsS: [Int]) { self.windowsS = windowsS }

  /// The longest time a trade is held: the longest window or the summary's.
  var holdingMs: Int64 { Int64(max(windowsS.max() ?? 0, OrderFlow.summaryWindowS)) * 1000 }

  mutating func tick(_ now: WallTime) {
    if now.ms > clock { clock = now.ms }
    guard now.ms < clock - OrderFlow.backstepMaxMs else { return }
    clockBeforeStep = max(clockBeforeStep, clock)
    clock = max(now.ms, 0)
    let horizon = clock + OrderFlow.aheadMaxMs
    for coin in trades.keys { trades[coin]?.removeAll { $0.time.ms > horizon } }
    known = known.filter { $0.time.ms <= horizon }
    hasStepped = true
  }

  /// Checks what the engine said about `trade`, and counts it when the engine did. `heldSince`: the
  /// engine let go of something older, so it may take what would not have fitted. `isUnverified`: more trades
  /// of its millisecond came than are remembered.
  mutating func follow(_ trade: Trade, _ outcome: FlowOutcome, heldSince: WallTime?, isUnverified: Bool)
    -> String?
  {
    let key = Key(coin: trade.coin, tid: trade.tid, time: trade.time)
    let isKnown = known.contains(key)
    switch outcome {
    case .tooOld: return trade.time.ms < clock - holdingMs ? nil : "young, yet too old"
    case .tooNew: return trade.time.ms > clock + OrderFlow.aheadMaxMs ? nil : "not ahead, yet too new"
    case .invalid: return trade.px.raw <= 0 || trade.sz.raw <= 0 ? nil : "valid, yet invalid"
    case .unknownCoin: return "unknown coin"
    case .duplicate: return isKnown ? nil : "fresh, yet a duplicate"
    case .overflow: return fits(trade) ? "fits, yet overflows" : nil
    case .tooOldToTell:
      let newer = (trades[trade.coin] ?? []).filter { $0.time >= trade.time }
      return newer.count >= 56 || hasStepped ? nil : "too old to tell with only \(newer.count) newer trades"
    case .counted:
      if isUnverified {
        let sameMs = (trades[trade.coin] ?? []).filter { $0.time == trade.time }
        if sameMs.count < 56 { return "unverified with only \(sameMs.count) trades of its millisecond" }
      } else if isKnown {
        let isGone =
          trade.time.ms < clockBeforeStep - holdingMs || trade.time < heldSince ?? WallTime(ms: .min)
        return hasStepped && isGone ? nil : "counted twice"
      }
      if trade.time.ms < clock - holdingMs { return "counted although too old" }
      if heldSince == nil, !fits(trade) { return "counted although it does not fit" }
      known.insert(key)
      trades[trade.coin, default: []].append(trade)
      return nil
    }
  }

  private func fits(_ trade: Trade) -> Bool {
    guard let notional = trade.px.times(trade.sz) else { return false }
    let sums = recount(trade.coin, windowMs: holdingMs)
    let sum = trade.side == .buy ? sums.buy : sums.sell
    return !sum.micros.addingReportingOverflow(notional.micros).overflow
  }

  func recount(_ coin: CoinID, windowMs: Int64) -> FlowWindow {
    var sums = FlowWindow.empty
    for trade in trades[coin] ?? [] where trade.time.ms >= clock - windowMs {
      guard let notional = trade.px.times(trade.sz) else { continue }
      // An engine that dropped chunks may have taken more than `Usd` holds: stop at the largest sum.
      if trade.side == .buy {
        sums.buy = Usd(micros: Self.sum(sums.buy, notional))
        sums.buyCount += 1
      } else {
        sums.sell = Usd(micros: Self.sum(sums.sell, notional))
        sums.sellCount += 1
      }
    }
    return sums
  }

  private static func sum(_ a: Usd, _ b: Usd) -> Int64 {
    let (sum, overflow) = a.micros.addingReportingOverflow(b.micros)
    return overflow ? .max : sum
  }

  /// Compares every window of `coin`; where something was let go early, the engine may show less.
  func compare(_ flow: OrderFlow, _ coin: CoinID, now: WallTime) -> String? {
    var cases: [(String, Int64, FlowWindow)] = []
    for (index, seconds) in windowsS.enumerated() {
      cases.append(("\(seconds) s", Int64(seconds) * 1000, flow.read(coin, window: index, now: now)))
    }
    let summaryMs = Int64(OrderFlow.summaryWindowS) * 1000
    cases.append(("summary", summaryMs, flow.readSummary(coin, now: now)))
    for (name, windowMs, got) in cases {
      let want = recount(coin, windowMs: windowMs)
      if got == want { continue }
      let isComplete = flow.heldSince(coin).map { $0.ms <= clock - windowMs } ?? true
      let isLess =
        got.buy <= want.buy && got.sell <= want.sell && got.buyCount <= want.buyCount
        && got.sellCount <= want.sellCount
      if isComplete || !isLess { return "\(name): \(got), not \(want)" }
    }
    let longest = windowsS.indices.max { windowsS[$0] < windowsS[$1] } ?? 0
    if flow.totalTrades(coin, now: now) != flow.read(coin, window: longest, now: now).count {
      return "total trades"
    }
    return nil
  }

  /// Forgets what no window can show any more, to keep the recounts short.
  mutating func prune() {
    let cut = clock - 2 * holdingMs - 10_000_000
    for coin in trades.keys { trades[coin]?.removeAll { $0.time.ms < cut } }
  }

  func last(_ coin: CoinID, _ count: Int) -> [Trade] { (trades[coin] ?? []).suffix(count) }
}
