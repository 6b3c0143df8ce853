public import Base
public import Market

/// How a profiled wallet trades.
public struct WalletProfile: Hashable, Sendable {
  /// The wallet.
  public var address: Address
  /// When it was computed.
  public var computedAt: WallTime
  /// Wins over trades, 0…1.
  public var winRate: Double
  /// Closed round trips.
  public var tradeCount: Int64
  /// Sum of wins over sum of losses; 999 for no loss.
  public var profitFactor: Double
  /// Average holding time.
  public var avgHoldHours: Double
  /// Average profit of a trade over its entry notional.
  public var avgPnlPct: Double
  /// Deepest fall of the cumulative profit, USD.
  public var maxDrawdown: Double
  /// `scalper`, `swing`, `mixed` or `bot`.
  public var style: String
  /// Whether it trades like a program.
  public var isBot: Bool
  /// Account value, USD; `nil` when unknown, which the file writes as 0.
  public var equity: Double?
  /// The days of fills it covers.
  public var windowDays: Int64
  /// From when the fills were complete; `nil` for the whole window.
  public var completeFrom: WallTime?
  /// Closed round trips per day.
  public var tradesPerDay: Double
  /// Places where the fills contradict each other's start positions.
  public var gaps: Int64

  /// A profile with these fields.
  public init(
    address: Address, computedAt: WallTime, winRate: Double, tradeCount: Int64, profitFactor: Double,
    avgHoldHours: Double, avgPnlPct: Double, maxDrawdown: Double, style: String, isBot: Bool, equity: Double?,
    windowDays: Int64, completeFrom: WallTime? = nil, tradesPerDay: Double = 0, gaps: Int64 = 0
  ) {
    self.address = address
    self.computedAt = computedAt
    self.winRate = winRate
    self.tradeCount = tradeCount
    self.profitFactor = profitFactor
    self.avgHoldHours = avgHoldHours
    self.avgPnlPct = avgPnlPct
    self.maxDrawdown = maxDrawdown
    self.style = style
    self.isBot = isBot
    self.equity = equity
    self.windowDays = windowDays
    self.completeFrom = completeFrom
    self.tradesPerDay = tradesPerDay
    self.gaps = gaps
  }
}

extension Write {
  /// Sets a wallet's profile.
  public static let walletProfile = Write(
    .walletProfiles, cells: 15,
    sql: """
      INSERT INTO wallet_profiles (address, computed_at, win_rate, trade_count, profit_factor, avg_hold_hours,
        avg_pnl_pct, max_drawdown, style, is_bot, equity, window_days, complete_from, trades_per_day, gaps)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
      ON CONFLICT (address) DO UPDATE SET
        computed_at = excluded.computed_at, win_rate = excluded.win_rate, trade_count = excluded.trade_count,
        profit_factor = excluded.profit_factor, avg_hold_hours = excluded.avg_hold_hours,
        avg_pnl_pct = excluded.avg_pnl_pct, max_drawdown = excluded.max_drawdown, style = excluded.style,
        is_bot = excluded.is_bot, equity = excluded.equity, window_days = excluded.window_days,
        complete_from = excluded.complete_from, trades_per_day = excluded.trades_per_day,
        gaps = excluded.gaps
      """)
}

extension Batch {
  /// Sets a wallet's profile; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: WalletProfile) -> Bool {
    guard begin(.walletProfile) else { return false }
    put(.address(row.address))
    put(.time(row.computedAt))
    put(.real(row.winRate))
    put(.integer(row.tradeCount))
    put(.real(row.profitFactor))
    put(.real(row.avgHoldHours))
    put(.real(row.avgPnlPct))
    put(.real(row.maxDrawdown))
    put(.text(row.style))
    put(.flag(row.isBot))
    put(.real(row.equity ?? 0))
    put(.integer(row.windowDays))
    put(row.completeFrom.map { .time($0) } ?? .null)
    put(.real(row.tradesPerDay))
    put(.integer(row.gaps))
    return true
  }
}
