import Base
import Market

/// A sum of products of 64-bit numbers, 128 bits wide: the standard type's conversions cost more than the profiler.
struct WideSum: Comparable {
  var high: UInt64 = 0
  var low: UInt64 = 0

  /// Adds a × b; whether the sum left its range.
  @inline(__always)
  mutating func add(_ a: UInt64, times b: UInt64) -> Bool {
    let product = a.multipliedFullWidth(by: b)
    let (low, carry) = self.low.addingReportingOverflow(product.low)
    let (partial, first) = high.addingReportingOverflow(product.high)
    let (high, second) = partial.addingReportingOverflow(carry ? 1 : 0)
    self.low = low
    self.high = high
    return first || second
  }

  var isZero: Bool { high | low == 0 }
  var double: Double { high == 0 ? Double(low) : Double(high) * 0x1p64 + Double(low) }

  @inline(__always)
  static func < (a: WideSum, b: WideSum) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }
}

/// A finished trade in exact numbers.
struct MatchedTrade {
  /// Sum of px × sz of the fills that built it, 1e-16 USD.
  var entryNotional = WideSum()
  /// The same of the fills that closed it.
  var exitNotional = WideSum()
  /// Size that was built, 1e-8 coins.
  var entrySz: UInt64 = 0
  /// Size that was closed.
  var exitSz: UInt64 = 0
  /// Closed profit, micros of a USD.
  var pnl: Int64 = 0
  var entryTime: WallTime
  var exitTime: WallTime
  var coin: CoinID
  var isLong: Bool
  var isMechanical = false
  /// A sum left its range, or a price was negative: nothing an exchange would send.
  var isCorrupt = false

  init(coin: CoinID, isLong: Bool, at time: WallTime) {
    self.coin = coin
    self.isLong = isLong
    entryTime = time
    exitTime = time
  }

  /// Adds `sz` of a fill at `px` to what built the trade.
  @inline(__always)
  mutating func build(_ sz: UInt64, at px: Px) {
    let (sum, carry) = entrySz.addingReportingOverflow(sz)
    entrySz = sum
    if entryNotional.add(px.raw.magnitude, times: sz) || carry || px.raw < 0 { isCorrupt = true }
  }

  /// Adds `sz` of a fill at `px` to what closed it, with the fill's whole closed profit.
  @inline(__always)
  mutating func close(_ sz: UInt64, at px: Px, pnl closed: Usd) {
    let (sum, carry) = exitSz.addingReportingOverflow(sz)
    exitSz = sum
    if exitNotional.add(px.raw.magnitude, times: sz) || carry || px.raw < 0 { isCorrupt = true }
    let (profit, overflow) = pnl.addingReportingOverflow(closed.micros)
    pnl = profit
    if overflow { isCorrupt = true }
  }

  /// Whether |profit| is at most ten times the entry notional.
  var isCredible: Bool {
    guard !isCorrupt, !entryNotional.isZero, exitSz > 0 else { return false }
    // Profit in 1e-6, notional in 1e-16 USD.
    var scaled = WideSum()
    _ = scaled.add(pnl.magnitude, times: 1_000_000_000)
    return scaled <= entryNotional
  }
}

/// Fills → finished trades: per coin in execution order, from flat to flat.
///
/// The exchange's `startPosition` is the truth. A fill that does not start where the one before ended shows a gap:
/// the trade it lies in is given up and matching goes on from the position the fill names. While the position's
/// beginning is not known (open before the first fill, or after a gap), nothing is built until it is flat or flips.
/// A fill through zero closes one trade and opens the next: its size is split at zero, its closed profit belongs to
/// the closed part alone (that is how the exchange counts it).
struct ProfilerMatch {
  /// Finished trades, coin by coin, in each in the order of exits.
  private(set) var trades: [MatchedTrade] = []
  private(set) var counts = ProfileCounts()

  private var trade = MatchedTrade(coin: CoinID(raw: 0), isLong: true, at: WallTime(ms: 0))
  /// Whether `trade` is being built.
  private var isOpen = false
  /// Where the last fill of this coin ended.
  private var running: Int64?

  /// Matches the fills of one account, in the order the exchange gave them.
  mutating func match(_ fills: [ProfileFill]) {
    counts.fills = fills.count
    fills.withUnsafeBufferPointer { fills in
      var order = ProfilerOrder(fills)
      while order.nextCoin() {
        isOpen = false
        running = nil
        while let group = order.nextGroup() {
          if group.count == 1 || order.isOneOrder(group, after: running) {
            for place in group { apply(order.fill(place)) }
          } else {
            order.arrange(group, after: running)
            for place in order.arranged { apply(fills[Int(place)]) }
          }
        }
        if isOpen { counts.openTrades += 1 }
      }
      counts.duplicates = order.duplicates
      counts.selfTrades = order.selfTrades
    }
  }

  @inline(__always)
  private mutating func apply(_ fill: ProfileFill) {
    let start = fill.startPosition.raw
    if running != start { turn(to: start) }
    guard let end = fill.endPosition, start != .min, end != .min, fill.sz.raw > 0 else {
      // No position can be that large; what is known of this coin ends here.
      giveUp()
      running = nil
      return
    }
    running = end
    let sz = fill.sz.raw.magnitude
    if start == 0 {
      begin(fill, sz)
    } else if (start > 0) == (fill.side == .buy) {
      if isOpen { trade.build(sz, at: fill.px) }
    } else {
      if isOpen {
        trade.close(min(sz, start.magnitude), at: fill.px, pnl: fill.closedPnl)
        if sz >= start.magnitude { finish(fill) }
      }
      if sz > start.magnitude { begin(fill, end.magnitude) }
    }
    if fill.isMechanical { trade.isMechanical = true }
  }

  /// Goes on from a position that is not where the last fill ended.
  private mutating func turn(to start: Int64) {
    if running != nil {
      counts.gaps += 1
      giveUp()
    } else if start != 0 {
      counts.openAtStart += 1
    }
  }

  @inline(__always)
  private mutating func begin(_ fill: ProfileFill, _ sz: UInt64) {
    trade = MatchedTrade(coin: fill.coin, isLong: fill.side == .buy, at: fill.time)
    trade.build(sz, at: fill.px)
    isOpen = true
  }

  @inline(__always)
  private mutating func finish(_ fill: ProfileFill) {
    isOpen = false
    trade.exitTime = fill.time
    if trade.isMechanical || fill.isMechanical {
      counts.mechanicalTrades += 1
    } else if trade.isCredible {
      trades.append(trade)
    } else {
      counts.corruptTrades += 1
    }
  }

  private mutating func giveUp() {
    if isOpen { counts.brokenTrades += 1 }
    isOpen = false
  }
}
