public import Base
public import Market

/// What makes a profile a profile, from the section smart_money of the configuration.
public struct ProfileOptions: Hashable, Sendable {
  /// Fewer finished trades give no profile.
  public var minTrades: Int
  /// A bot when it makes more trades a day.
  public var botTradesPerDay: Double
  /// A bot when its average hold is below, minutes.
  public var botAvgHoldMin: Double

  /// Options with these values; the defaults are the configuration's.
  public init(minTrades: Int = 5, botTradesPerDay: Double = 50, botAvgHoldMin: Double = 2) {
    self.minTrades = minTrades
    self.botTradesPerDay = botTradesPerDay
    self.botAvgHoldMin = botAvgHoldMin
  }
}

/// What the profiler did with the fills it was given.
public struct ProfileCounts: Hashable, Sendable {
  /// Fills given.
  public var fills = 0
  /// Fills that were given before: page borders.
  public var duplicates = 0
  /// Fills that were the account's trades with itself, two per trade.
  public var selfTrades = 0
  /// Fills whose start is not where the one before ended: something between them was not shown.
  public var gaps = 0
  /// Coins that held a position before the first fill, whose entry is not known.
  public var openAtStart = 0
  /// Trades given up because a gap lay in them.
  public var brokenTrades = 0
  /// Trades with a settlement or vault netting in them, which are not counted as trading.
  public var mechanicalTrades = 0
  /// Trades dropped because their numbers cannot be: |profit| above ten entry notionals, or no notional.
  public var corruptTrades = 0
  /// Trades still open after the last fill.
  public var openTrades = 0

  /// Nothing counted.
  public init() {}
}

/// What a `ProfileJob` found.
public struct ProfileOutcome: Hashable, Sendable {
  /// Whose it is.
  public var account: AddressID
  /// Whose it is.
  public var address: Address
  /// Finished trades, newest exit first.
  public var trades: [ClosedTrade]
  /// The profile; `nil` when there were too few trades.
  public var profile: Profile?
  /// What was made of the fills.
  public var counts: ProfileCounts

  /// An outcome with these values.
  public init(
    account: AddressID, address: Address, trades: [ClosedTrade], profile: Profile?, counts: ProfileCounts
  ) {
    self.account = account
    self.address = address
    self.trades = trades
    self.profile = profile
    self.counts = counts
  }
}

/// One account's fills of a window, to be matched into trades and summed up; run on the pool.
///
/// Bound: the exchange hands out 10,000 fills; the work is linear in them but for those of one coin and
/// millisecond, which are sorted.
public struct ProfileJob: Sendable {
  /// Whose they are.
  public var account: AddressID
  /// Whose they are.
  public var address: Address
  /// The fills of the window in the order the exchange gave them, pages one after another.
  public var fills: [ProfileFill]
  /// Days the window reaches back.
  public var windowDays: Double
  /// Set when the exchange had no older fills to give though the window is longer.
  public var completeFrom: WallTime?
  /// Latest equity, if known.
  public var equity: Usd?
  /// What makes a profile.
  public var options: ProfileOptions
  /// The daemon's wall clock.
  public var now: WallTime

  /// A job for these fills.
  public init(
    account: AddressID, address: Address, fills: [ProfileFill], windowDays: Double, completeFrom: WallTime?,
    equity: Usd?, options: ProfileOptions, now: WallTime
  ) {
    self.account = account
    self.address = address
    self.fills = fills
    self.windowDays = windowDays
    self.completeFrom = completeFrom
    self.equity = equity
    self.options = options
    self.now = now
  }

  /// Matches the fills and sums the trades up.
  public func run() -> ProfileOutcome {
    var matcher = ProfilerMatch()
    matcher.match(fills)
    let statistics = ProfileStatistics(matcher.trades)
    var profile: Profile?
    if statistics.count >= max(options.minTrades, 1) {
      profile = statistics.profile(options, now: now)
      profile?.windowDays = windowDays
      profile?.equity = equity
      profile?.completeFrom = completeFrom
      profile?.gaps = matcher.counts.gaps
    }
    return ProfileOutcome(
      account: account, address: address, trades: statistics.newestFirst, profile: profile,
      counts: matcher.counts)
  }
}
