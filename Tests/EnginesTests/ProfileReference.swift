import Base
import Engines
import Market

/// The profiler as the contract says it, with lists and brute force: nothing here is fast or incremental.
struct ProfileReference {
  struct Lot {
    var px: Int64
    var sz: Int64
  }

  /// A trade as the list of what was bought and sold.
  struct Trade {
    var coin: CoinID
    var isLong: Bool
    var entries: [Lot] = []
    var exits: [Lot] = []
    var pnlMicros: Int64 = 0
    var entryMs: Int64
    var exitMs: Int64
    var isMechanical = false

    var entryNotional: Int128 { entries.reduce(0) { $0 + Int128($1.px) * Int128($1.sz) } }

    var row: ClosedTrade {
      let exitNotional: Int128 = exits.reduce(0) { $0 + Int128($1.px) * Int128($1.sz) }
      let entrySz: Int128 = entries.reduce(0) { $0 + Int128($1.sz) }
      let exitSz: Int128 = exits.reduce(0) { $0 + Int128($1.sz) }
      let hours = max(Double(exitMs - entryMs) / 3_600_000, 0.001)
      let pct = Double(pnlMicros) / 1e6 / (Double(entryNotional) / 1e16)
      return ClosedTrade(
        coin: coin, isLong: isLong, isWin: pnlMicros > 0,
        entryPx: (Double(entryNotional / entrySz) + Double(entryNotional % entrySz) / Double(entrySz)) / 1e8,
        exitPx: (Double(exitNotional / exitSz) + Double(exitNotional % exitSz) / Double(exitSz)) / 1e8,
        sizeUsd: Double((entryNotional + 50_000_000_000_000) / 100_000_000_000_000) / 100,
        pnlUsd: (Double(pnlMicros) / 1e4).rounded() / 100, pnlPct: (pct * 1e6).rounded() / 1e6,
        holdHours: (hours * 1000).rounded() / 1000, entryTime: WallTime(ms: entryMs),
        exitTime: WallTime(ms: exitMs))
    }
  }

  var trades: [Trade] = []
  var gaps = 0
  var openAtStart = 0
  var duplicates = 0
  var selfTrades = 0

  init(_ fills: [ProfileFill]) {
    for coin in Set(fills.map { $0.coin }).sorted() { match(fills.filter { $0.coin == coin }) }
  }

  private mutating func match(_ fills: [ProfileFill]) {
    var running: Int64?
    var open: Trade?
    for time in Set(fills.map { $0.time }).sorted() {
      let group = cleaned(fills.filter { $0.time == time })
      for fill in ProfileReference.executionOrder(group, running) {
        let start = fill.startPosition.raw
        if running == nil, start != 0 { openAtStart += 1 }
        if let running, running != start {
          gaps += 1
          open = nil
        }
        let delta = fill.side == .buy ? fill.sz.raw : -fill.sz.raw
        running = start + delta
        // A fill through zero is two fills at the same moment.
        var parts = [delta]
        if start.signum() * (start + delta).signum() < 0 { parts = [-start, start + delta] }
        var position = start
        for (index, part) in parts.enumerated() {
          if position == 0 {
            open = Trade(coin: fill.coin, isLong: part > 0, entryMs: time.ms, exitMs: time.ms)
          }
          if open != nil, fill.isMechanical { open?.isMechanical = true }
          let lot = Lot(px: fill.px.raw, sz: abs(part))
          if position.signum() * part.signum() >= 0 {
            open?.entries.append(lot)
          } else {
            open?.exits.append(lot)
            if index == 0 { open?.pnlMicros += fill.closedPnl.micros }
          }
          position += part
          if position == 0, var done = open {
            done.exitMs = time.ms
            if ProfileReference.counts(done) { trades.append(done) }
            open = nil
          }
        }
      }
    }
  }

  private static func counts(_ trade: Trade) -> Bool {
    !trade.isMechanical && trade.entryNotional > 0
      && Int128(abs(trade.pnlMicros)) * 1_000_000_000 <= trade.entryNotional
  }

  /// Without rows told twice and without trades with oneself.
  private mutating func cleaned(_ group: [ProfileFill]) -> [ProfileFill] {
    var kept: [ProfileFill] = []
    for fill in group {
      let isKnown = kept.contains {
        ProfileReference.isSameTrade($0, fill) && $0.side == fill.side
          && (fill.tid != 0 || $0.oid == fill.oid)
      }
      if isKnown { duplicates += 1 } else { kept.append(fill) }
    }
    var index = 0
    while index < kept.count {
      let fill = kept[index]
      let other = kept.indices.first {
        $0 > index && ProfileReference.isSameTrade(kept[$0], fill) && kept[$0].side != fill.side
      }
      guard let other else {
        index += 1
        continue
      }
      kept.remove(at: other)
      kept.remove(at: index)
      selfTrades += 2
    }
    return kept
  }

  private static func isSameTrade(_ a: ProfileFill, _ b: ProfileFill) -> Bool {
    a.tid == b.tid && a.startPosition == b.startPosition && a.px == b.px && a.sz == b.sz && a.hash == b.hash
  }

  /// The first order, in the sense of the page's, in which every fill starts where the one before ended; without one,
  /// the chain as far as it goes, again and again.
  static func executionOrder(_ group: [ProfileFill], _ running: Int64?) -> [ProfileFill] {
    guard let first = group.first else { return [] }
    if let order = chain(group, running ?? first.startPosition.raw) { return order }
    // Nothing fits the running position: the chain may begin elsewhere.
    for fill in group {
      if let order = chain(group, fill.startPosition.raw) { return order }
    }
    var rest = group
    var order: [ProfileFill] = []
    var position = running
    while !rest.isEmpty {
      let next = rest.remove(at: rest.firstIndex { $0.startPosition.raw == position } ?? 0)
      order.append(next)
      position = next.startPosition.raw + (next.side == .buy ? next.sz.raw : -next.sz.raw)
    }
    return order
  }

  private static func chain(_ rest: [ProfileFill], _ position: Int64) -> [ProfileFill]? {
    if rest.isEmpty { return [] }
    for index in rest.indices where rest[index].startPosition.raw == position {
      var left = rest
      let fill = left.remove(at: index)
      let end = position + (fill.side == .buy ? fill.sz.raw : -fill.sz.raw)
      if let tail = chain(left, end) { return [fill] + tail }
    }
    return nil
  }

  /// The profile by its definition.
  func profile(_ options: ProfileOptions, now: WallTime) -> Profile? {
    guard trades.count >= max(options.minTrades, 1) else { return nil }
    let ordered = trades.enumerated()
      .sorted { ($0.element.exitMs, $0.offset) < ($1.element.exitMs, $1.offset) }.map { $0.element }
    let pnls = ordered.map { Double($0.pnlMicros) / 1e6 }
    let wins = pnls.filter { $0 > 0 }.reduce(0, +)
    let losses = -pnls.filter { $0 < 0 }.reduce(0, +)
    var drawdown = 0.0
    for end in 0...pnls.count {
      let sum = pnls[..<end].reduce(0, +)
      let peak = (0...end).map { pnls[..<$0].reduce(0, +) }.max() ?? 0
      drawdown = max(drawdown, peak - sum)
    }
    let count = Double(ordered.count)
    let hold = ordered.map { max(Double($0.exitMs - $0.entryMs) / 3_600_000, 0.001) }.reduce(0, +) / count
    let span = Double((ordered.map { $0.exitMs }.max() ?? 0) - (ordered.map { $0.entryMs }.min() ?? 0))
    let perDay = count / max(span / 86_400_000, 1)
    let isBot = perDay > options.botTradesPerDay || hold * 60 < options.botAvgHoldMin
    return Profile(
      computedAt: now, windowDays: 7, winRate: Double(pnls.count { $0 > 0 }) / count,
      tradeCount: ordered.count, profitFactor: losses > 0 ? wins / losses : wins > 0 ? 999 : 0,
      avgHoldHours: hold, avgPnlPct: ordered.map { $0.row.pnlPct }.reduce(0, +) / count,
      maxDrawdown: drawdown, style: isBot ? .bot : hold < 1 ? .scalper : hold > 4 ? .swing : .mixed,
      isBot: isBot, equity: nil, tradesPerDay: perDay, gaps: gaps)
  }
}
