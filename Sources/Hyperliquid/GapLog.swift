// When each coin's trades were not followed: the honest half of every order-flow answer.
//
// A gap runs from the last good evidence (the last frame seen) to the moment the feed is live again (ack or
// data). Before its first subscription a coin is one open gap since the beginning of time, so "not followed"
// and "followed since" need no case of their own.
// Bounds: `gapsPerCoinMax` closed gaps per coin, `Coins.coinsMax` coins. When a coin's list is full its two
// oldest gaps become one that spans both: coverage may be understated far back, never overstated.
// Invariant: a coin's closed gaps are in order and disjoint; the open gap, if any, begins after them.
public import Base
public import Market

/// Why trades were not followed.
public enum GapReason: UInt8, Hashable, Sendable, CaseIterable {
  /// Not subscribed yet.
  case starting
  /// Taken off the subscription list (delisted, or the feed is disabled).
  case unsubscribed
  /// The connection closed, failed or was given up.
  case connection
  /// The connection was open but silent.
  case silence
  /// The market moved, this coin's feed did not.
  case silentCoin
  /// The exchange refused or did not answer the subscription.
  case unacknowledged
  /// A frame of trades could not be decoded.
  case unreadable
  /// The exchange's clock was not known, so trades could not be told from ones of another time.
  case misdated
}

/// A stretch of time without evidence that the coin's trades were seen.
public struct Gap: Hashable, Sendable {
  /// The last good evidence; `Instant.zero` before the first subscription.
  public var from: Instant
  /// When it was live again; `Instant.never` while it lasts.
  public var to: Instant
  /// Why.
  public var reason: GapReason

  /// A gap with these ends.
  public init(from: Instant, to: Instant, reason: GapReason) {
    self.from = from
    self.to = to
    self.reason = reason
  }
}

/// Gaps of every coin's trade feed.
public final class GapLog {
  /// Closed gaps kept per coin.
  public static let gapsPerCoinMax = 16

  private struct Row {
    var open: Gap?
    var count: UInt8
  }

  private static let unknown = Gap(from: .zero, to: .never, reason: .starting)
  private var rows: [Row] = []
  private var closed: [Gap] = []
  /// Gaps closed since start, over all coins; the wait for a coin's first subscription is none.
  public private(set) var closedCount = 0
  /// Changes whenever a gap opens, grows or closes, so that what is derived from the log can be renewed.
  public private(set) var version = 0

  /// No coin followed yet.
  public init() {}

  /// Begins a gap; inside an open one only the earlier beginning counts.
  public func open(_ coin: CoinID, from: Instant, reason: GapReason) {
    grow(coin)
    version += 1
    if let open = rows[coin.index].open {
      if from < open.from { rows[coin.index].open?.from = from }
      return
    }
    let last = rows[coin.index].count > 0 ? self[coin, Int(rows[coin.index].count) - 1] : nil
    rows[coin.index].open = Gap(from: max(from, last?.to ?? .zero), to: .never, reason: reason)
  }

  /// Ends the coin's open gap; without one nothing happens.
  public func close(_ coin: CoinID, at: Instant) {
    grow(coin)
    guard let open = rows[coin.index].open else { return }
    version += 1
    rows[coin.index].open = nil
    append(coin, Gap(from: open.from, to: max(at, open.from), reason: open.reason))
    if open.from > .zero { closedCount += 1 }
  }

  /// Takes back that the coin was followed from `from` on: a gap up to `to`, one with every gap it touches.
  public func admit(_ coin: CoinID, from: Instant, to: Instant, reason: GapReason) {
    grow(coin)
    version += 1
    let base = coin.index * GapLog.gapsPerCoinMax
    var gap = Gap(from: from, to: max(from, to), reason: reason)
    while rows[coin.index].count > 0 {
      let last = closed[base + Int(rows[coin.index].count) - 1]
      guard last.to >= gap.from else { break }
      gap.from = min(gap.from, last.from)
      gap.to = max(gap.to, last.to)
      rows[coin.index].count -= 1
    }
    if let open = rows[coin.index].open {
      rows[coin.index].open?.from = min(open.from, gap.from)
    } else {
      append(coin, gap)
      if gap.from > .zero { closedCount += 1 }
    }
  }

  /// Whether the coin's trades are not followed now.
  public func isOpen(_ coin: CoinID) -> Bool { coin.index >= rows.count || rows[coin.index].open != nil }

  /// Gaps known of the coin, the open one included; ask for each by its index, oldest first.
  public func count(_ coin: CoinID) -> Int {
    guard coin.index < rows.count else { return 1 }
    return Int(rows[coin.index].count) + (rows[coin.index].open == nil ? 0 : 1)
  }

  /// The coin's gap number `index` (`0 ..< count`), oldest first; an open one is last and ends `never`.
  public subscript(_ coin: CoinID, _ index: Int) -> Gap {
    guard coin.index < rows.count else { return GapLog.unknown }
    let kept = Int(rows[coin.index].count)
    precondition(index >= 0 && index <= kept)
    if index < kept { return closed[coin.index * GapLog.gapsPerCoinMax + index] }
    return rows[coin.index].open!
  }

  /// The time between `from` and `to` during which the coin's trades were followed.
  public func covered(_ coin: CoinID, from: Instant, to: Instant) -> TimeSpan {
    guard from < to else { return .zero }
    var covered = to - from
    for index in 0..<count(coin) {
      let gap = self[coin, index]
      let lower = max(gap.from, from)
      let upper = min(gap.to, to)
      if lower < upper { covered = covered + (lower - upper) }
    }
    return covered
  }

  private func append(_ coin: CoinID, _ gap: Gap) {
    let base = coin.index * GapLog.gapsPerCoinMax
    var kept = Int(rows[coin.index].count)
    if kept > 0, gap.from <= closed[base + kept - 1].to {
      closed[base + kept - 1].to = max(gap.to, closed[base + kept - 1].to)
      return
    }
    if kept == GapLog.gapsPerCoinMax {
      closed[base].to = closed[base + 1].to
      for index in 1..<kept - 1 { closed[base + index] = closed[base + index + 1] }
      kept -= 1
    }
    closed[base + kept] = gap
    rows[coin.index].count = UInt8(kept + 1)
  }

  private func grow(_ coin: CoinID) {
    while rows.count <= coin.index {
      rows.append(Row(open: GapLog.unknown, count: 0))
      for _ in 0..<GapLog.gapsPerCoinMax { closed.append(GapLog.unknown) }
    }
  }
}
