public import Base
public import Market

/// How an account trades.
public enum TradingStyle: UInt8, CaseIterable, Sendable {
  /// More trades a day, or shorter ones, than people make.
  case bot
  /// Holds below an hour on average.
  case scalper
  /// Holds above four hours.
  case swing
  /// In between.
  case mixed

  /// The word in answers and in the table.
  public var text: String {
    switch self {
    case .bot: "bot"
    case .scalper: "scalper"
    case .swing: "swing"
    case .mixed: "mixed"
    }
  }

  /// The style with this word.
  public init?(text: String) {
    guard let style = TradingStyle.allCases.first(where: { $0.text == text }) else { return nil }
    self = style
  }
}

/// What an account's finished trades of a window say; a row of `wallet_profiles`, rounded as the table keeps it.
public struct Profile: Hashable, Sendable {
  /// When it was computed, on the daemon's wall clock.
  public var computedAt: WallTime
  /// Days of fills it looked at; `nil` when it was read from a table that does not say.
  public var windowDays: Double?
  /// Winning trades over all, 4 decimals.
  public var winRate: Double
  /// Finished trades.
  public var tradeCount: Int
  /// Profits over losses, 2 decimals; 999 without a loss, 0 without either.
  public var profitFactor: Double
  /// Mean holding time in hours, 2 decimals.
  public var avgHoldHours: Double
  /// Mean of the trades' profit over entry notional, a fraction, 4 decimals.
  public var avgPnlPct: Double
  /// Deepest fall of the summed profit below its peak, in the order of exits, USD, to the cent.
  public var maxDrawdown: Double
  /// How it trades.
  public var style: TradingStyle
  /// Whether it is taken for a bot.
  public var isBot: Bool
  /// Equity when computed, if known.
  public var equity: Usd?
  /// Trades over the days from the first entry to the last exit, at least one day; `nil` when read from the table.
  public var tradesPerDay: Double?
  /// The fills are complete only from here, because the exchange hands out no more; `nil` when the window is whole.
  public var completeFrom: WallTime?
  /// Breaks in the chain of start positions: fills we were not shown.
  public var gaps: Int

  /// A profile with these values, e.g. as read from the table.
  public init(
    computedAt: WallTime, windowDays: Double?, winRate: Double, tradeCount: Int, profitFactor: Double,
    avgHoldHours: Double, avgPnlPct: Double, maxDrawdown: Double, style: TradingStyle, isBot: Bool,
    equity: Usd?, tradesPerDay: Double? = nil, completeFrom: WallTime? = nil, gaps: Int = 0
  ) {
    self.computedAt = computedAt
    self.windowDays = windowDays
    self.winRate = winRate
    self.tradeCount = tradeCount
    self.profitFactor = profitFactor
    self.avgHoldHours = avgHoldHours
    self.avgPnlPct = avgPnlPct
    self.maxDrawdown = maxDrawdown
    self.style = style
    self.isBot = isBot
    self.equity = equity
    self.tradesPerDay = tradesPerDay
    self.completeFrom = completeFrom
    self.gaps = gaps
  }
}
