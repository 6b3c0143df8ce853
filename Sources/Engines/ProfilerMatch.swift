import Base
import Market

/// A finished trade in exact numbers.
struct MatchedTrade {
  var coin: CoinID
  var isLong: Bool
  /// Sum of px × sz of the fills that built it, 1e-16 USD.
  var entryNotional: Int128 = 0
  /// Size that was built, 1e-8 coins.
  var entrySz: Int128 = 0
  /// The same of the fills that closed it.
  var exitNotional: Int128 = 0
  var exitSz: Int128 = 0
  /// Closed profit, micros of a USD.
  var pnl: Int128 = 0
  var entryTime: WallTime
  var exitTime: WallTime
  var isMechanical = false
  /// A sum left its range: nothing an exchange would send.
  var isCorrupt = false

  init(coin: CoinID, isLong: Bool, at time: WallTime) {
    self.coin = coin
    self.isLong = isLong
    entryTime = time
    exitTime = time
  }

  /// Adds `sz` of a fill at `px` to what built the trade.
  mutating func build(_ sz: Int64, at px: Px) {
    let (sum, overflow) = entryNotional.addingReportingOverflow(Int128(px.raw) * Int128(sz))
    if overflow { isCorrupt = true } else { entryNotional = sum }
    entrySz += Int128(sz)
  }

  /// Adds `sz` of a fill at `px` to what closed it, with the fill's whole closed profit.
  mutating func close(_ sz: Int64, at px: Px, pnl closed: Usd) {
    let (sum, overflow) = exitNotional.addingReportingOverflow(Int128(px.raw) * Int128(sz))
    if overflow { isCorrupt = true } else { exitNotional = sum }
    exitSz += Int128(sz)
    pnl += Int128(closed.micros)
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
  private(set) var trades: [MatchedTrade] = []
  private(set) var counts = ProfileCounts()

  private var open: MatchedTrade?
  private var running: Int64?

  /// Matches the fills of one account, in the order the exchange gave them.
  mutating func match(_ fills: [ProfileFill]) {
    counts.fills = fills.count
    var order = ProfilerOrder(fills)
    while order.nextCoin() {
      open = nil
      running = nil
      while let group = order.nextGroup() {
        if group.count == 1 {
          apply(fills[Int(order.places[group.lowerBound])])
          continue
        }
        order.arrange(group, after: running)
        for place in order.arranged { apply(fills[Int(place)]) }
      }
      if open != nil { counts.openTrades += 1 }
    }
    counts.duplicates = order.duplicates
    counts.selfTrades = order.selfTrades
  }

  private mutating func apply(_ fill: ProfileFill) {
    let start = fill.startPosition.raw
    if let running, running != start {
      counts.gaps += 1
      giveUp()
    } else if running == nil, start != 0 {
      counts.openAtStart += 1
    }
    guard let end = fill.endPosition, start != .min, end != .min else {
      // No position can be that large; what is known of this coin ends here.
      giveUp()
      running = nil
      return
    }
    running = end
    if start == 0 {
      begin(fill, Int64(fill.sz.raw))
    } else if (start > 0) == (fill.side == .buy) {
      open?.build(fill.sz.raw, at: fill.px)
    } else if fill.sz.raw <= abs(start) {
      open?.close(fill.sz.raw, at: fill.px, pnl: fill.closedPnl)
    } else {
      open?.close(abs(start), at: fill.px, pnl: fill.closedPnl)
      finish(fill)
      begin(fill, abs(end))
    }
    if fill.isMechanical { open?.isMechanical = true }
    if end == 0 { finish(fill) }
  }

  private mutating func begin(_ fill: ProfileFill, _ sz: Int64) {
    open = MatchedTrade(coin: fill.coin, isLong: fill.side == .buy, at: fill.time)
    open?.build(sz, at: fill.px)
  }

  private mutating func finish(_ fill: ProfileFill) {
    guard var trade = open.take() else { return }
    trade.exitTime = fill.time
    if fill.isMechanical { trade.isMechanical = true }
    if trade.isMechanical {
      counts.mechanicalTrades += 1
    } else if isCredible(trade) {
      trades.append(trade)
    } else {
      counts.corruptTrades += 1
    }
  }

  private mutating func giveUp() {
    if open.take() != nil { counts.brokenTrades += 1 }
  }

  /// Whether |profit| is at most ten times the entry notional.
  private func isCredible(_ trade: MatchedTrade) -> Bool {
    guard !trade.isCorrupt, trade.entryNotional > 0 else { return false }
    // Profit in 1e-6, notional in 1e-16 USD; ten of them are compared without leaving 128 bits.
    let (scaled, overflow) = trade.pnl.magnitude.multipliedReportingOverflow(by: 1_000_000_000)
    return !overflow && scaled <= trade.entryNotional.magnitude
  }
}
