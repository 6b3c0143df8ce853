import Base
import Market

/// What a set of finished trades says of its trader; amounts are summed exactly, up to the range of `Usd`, and rounded
/// at the end.
struct ProfileStatistics {
  /// In the order of exits, across coins.
  private let trades: [MatchedTrade]

  /// Trades that end in the same millisecond keep the order of their coins.
  init(_ trades: [MatchedTrade]) {
    // They come coin by coin, in each in the order of exits, so that the place decides between equal times.
    var keys = trades.indices.map { Key(exitMs: trades[$0].exitTime.ms, place: $0) }
    keys.sort { $0.exitMs != $1.exitMs ? $0.exitMs < $1.exitMs : $0.place < $1.place }
    self.trades = keys.map { trades[$0.place] }
  }

  private struct Key {
    var exitMs: Int64
    var place: Int
  }

  var count: Int { trades.count }

  /// The trades as rows, newest exit first.
  var newestFirst: [ClosedTrade] { trades.reversed().map { ClosedTrade($0) } }

  /// The profile of these trades, at least one; what the job knows besides is left out.
  func profile(_ options: ProfileOptions, now: WallTime) -> Profile {
    var wins = 0
    var (profit, loss, sum, peak, drawdown): (Int64, Int64, Int64, Int64, Int64) = (0, 0, 0, 0, 0)
    var holdMs: Int64 = 0
    var pnlPct = 0.0
    var first = trades[0].entryTime
    for trade in trades {
      if trade.pnl > 0 {
        wins += 1
        profit = added(profit, trade.pnl)
      } else {
        loss = added(loss, Int64(clamping: trade.pnl.magnitude))
      }
      sum = added(sum, trade.pnl)
      peak = max(peak, sum)
      drawdown = max(drawdown, fall(from: peak, to: sum))
      holdMs = added(holdMs, trade.holdMs)
      pnlPct += trade.pnlPct
      first = min(first, trade.entryTime)
    }
    let count = Double(trades.count)
    let holdHours = Double(holdMs) / count / 3_600_000
    let last = trades[trades.count - 1].exitTime
    let tradesPerDay = count / max((Double(last.ms) - Double(first.ms)) / 86_400_000, 1)
    let isBot = tradesPerDay > options.botTradesPerDay || holdHours * 60 < options.botAvgHoldMin
    let style: TradingStyle = isBot ? .bot : holdHours < 1 ? .scalper : holdHours > 4 ? .swing : .mixed
    let factor = loss > 0 ? Double(profit) / Double(loss) : profit > 0 ? 999 : 0
    return Profile(
      computedAt: now, windowDays: nil, winRate: decimal(Double(wins) / count, 4), tradeCount: trades.count,
      profitFactor: decimal(factor, 2), avgHoldHours: decimal(holdHours, 2),
      avgPnlPct: decimal(pnlPct / count, 4), maxDrawdown: cents(drawdown), style: style, isBot: isBot,
      equity: nil, tradesPerDay: tradesPerDay)
  }
}

extension MatchedTrade {
  /// First entry to last exit, at least a thousandth of an hour.
  var holdMs: Int64 { max(exitTime.ms.subtractingReportingOverflow(entryTime.ms).partialValue, 3_600) }
  /// Profit over entry notional.
  var pnlPct: Double { Double(pnl) * 1e10 / entryNotional.double }
}

extension ClosedTrade {
  /// The row of a matched trade.
  init(_ trade: MatchedTrade) {
    self.init(
      coin: trade.coin, isLong: trade.isLong, isWin: trade.pnl > 0,
      entryPx: average(trade.entryNotional, trade.entrySz), exitPx: average(trade.exitNotional, trade.exitSz),
      sizeUsd: Double(divided(trade.entryNotional, by: 100_000_000_000_000).rounded) / 100,
      pnlUsd: cents(trade.pnl), pnlPct: decimal(trade.pnlPct, 6),
      holdHours: decimal(Double(trade.holdMs) / 3_600_000, 3), entryTime: trade.entryTime,
      exitTime: trade.exitTime)
  }
}

/// The sum, which stays at the range's ends: 9.2 trillion USD are no trader's.
@inline(__always)
private func added(_ a: Int64, _ b: Int64) -> Int64 {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? (b < 0 ? .min : .max) : sum
}

/// How far `low` lies below `high`.
@inline(__always)
private func fall(from high: Int64, to low: Int64) -> Int64 {
  let (fall, overflow) = high.subtractingReportingOverflow(low)
  return overflow ? .max : fall
}

/// A quotient that fits 64 bits, as those of real amounts do, and what is left.
@inline(__always)
private func divided(_ sum: WideSum, by divisor: UInt64) -> (quotient: UInt64, rest: UInt64, rounded: UInt64)
{
  guard sum.high < divisor else { return (.max, 0, .max) }
  let (quotient, rest) = divisor.dividingFullWidth((sum.high, sum.low))
  return (quotient, rest, rest >= divisor - rest && quotient < .max ? quotient + 1 : quotient)
}

/// A notional over a size as a price; exact when the price is, as of a single fill.
private func average(_ notional: WideSum, _ sz: UInt64) -> Double {
  let (quotient, rest, _) = divided(notional, by: sz)
  return (Double(quotient) + Double(rest) / Double(sz)) / 1e8
}

/// Micros of a USD as USD to the cent, half away from zero.
private func cents(_ micros: Int64) -> Double {
  let (cents, rest) = micros.magnitude.quotientAndRemainder(dividingBy: 10_000)
  let rounded = Double(rest >= 5_000 ? cents + 1 : cents) / 100
  return micros < 0 ? 0 - rounded : rounded
}

/// `value` rounded to so many decimals.
private func decimal(_ value: Double, _ decimals: Int) -> Double {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value * scale).rounded()
  return scaled.isFinite ? scaled / scale : value
}
