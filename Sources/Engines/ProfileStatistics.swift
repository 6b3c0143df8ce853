import Base
import Market

/// What a set of finished trades says of its trader; amounts are summed exactly and rounded at the end.
struct ProfileStatistics {
  /// In the order of exits, across coins.
  private let trades: [MatchedTrade]

  /// Trades that end in the same millisecond keep the order of their coins.
  init(_ trades: [MatchedTrade]) {
    // Exits of one coin come in order, so that a stable sort by time decides everything.
    self.trades = trades.enumerated()
      .sorted {
        ($0.element.exitTime.ms, $0.element.coin.raw, $0.offset)
          < ($1.element.exitTime.ms, $1.element.coin.raw, $1.offset)
      }
      .map { $0.element }
  }

  var count: Int { trades.count }

  /// The trades as rows, newest exit first.
  var newestFirst: [ClosedTrade] { trades.reversed().map { ClosedTrade($0) } }

  /// The profile of these trades, at least one; what the job knows besides is left out.
  func profile(_ options: ProfileOptions, now: WallTime) -> Profile {
    var wins = 0
    var (profit, loss): (Int128, Int128) = (0, 0)
    var (sum, peak, drawdown): (Int128, Int128, Int128) = (0, 0, 0)
    var holdMs: Int128 = 0
    var pnlPct = 0.0
    var first = trades[0].entryTime
    for trade in trades {
      if trade.pnl > 0 { wins += 1 }
      if trade.pnl > 0 { profit += trade.pnl } else { loss -= trade.pnl }
      sum += trade.pnl
      peak = max(peak, sum)
      drawdown = max(drawdown, peak - sum)
      holdMs += Int128(trade.holdMs)
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
  var pnlPct: Double { Double(pnl) * 1e10 / Double(entryNotional) }
}

extension ClosedTrade {
  /// The row of a matched trade.
  init(_ trade: MatchedTrade) {
    self.init(
      coin: trade.coin, isLong: trade.isLong, isWin: trade.pnl > 0,
      entryPx: average(trade.entryNotional, trade.entrySz), exitPx: average(trade.exitNotional, trade.exitSz),
      sizeUsd: cents(trade.entryNotional / 10_000_000_000), pnlUsd: cents(trade.pnl),
      pnlPct: decimal(trade.pnlPct, 6), holdHours: decimal(Double(trade.holdMs) / 3_600_000, 3),
      entryTime: trade.entryTime, exitTime: trade.exitTime)
  }
}

/// A notional over a size as a price; exact when the price is, as of a single fill.
func average(_ notional: Int128, _ sz: Int128) -> Double {
  guard sz > 0 else { return 0 }
  let (whole, rest) = notional.quotientAndRemainder(dividingBy: sz)
  return (Double(whole) + Double(rest) / Double(sz)) / 1e8
}

/// Micros of a USD as USD to the cent, half away from zero.
func cents(_ micros: Int128) -> Double {
  let rounded = (micros + (micros < 0 ? -5_000 : 5_000)) / 10_000
  return Double(rounded) / 100
}

/// `value` rounded to so many decimals.
func decimal(_ value: Double, _ decimals: Int) -> Double {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value * scale).rounded()
  return scaled.isFinite ? scaled / scale : value
}
