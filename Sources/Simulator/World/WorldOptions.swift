public import Base

/// What a simulated exchange is made of. Everything else follows from the seed.
///
/// Bounds: `accountsMax`, `coinsMax`, `tradesPerSecondMax`; values outside are clamped by `World.init`, so a
/// command line cannot ask for a world that does not fit.
public struct WorldOptions: Sendable {
  /// The most ordinary accounts a world holds.
  public static let accountsMax = 200_000
  /// The most coins a world ever lists, listings while running included.
  public static let coinsMax = 2_048
  /// The highest trade rate a world generates.
  public static let tradesPerSecondMax = 100_000.0

  /// Coins at the start, delisted ones and builder dexes included; 4 at least.
  public var coins = 44
  /// Ordinary accounts, besides the market makers and the vaults; 8 at least.
  public var accounts = 3_000
  /// Mean trades per second over all coins.
  public var tradesPerSecond = 50.0
  /// The moment the world opens: `World.now` after `init`, and the time of the earliest live trade.
  public var start = WallTime(ms: 1_790_000_000_000)
  /// How many milliseconds one block of the exchange takes: trades of one block carry one time and travel
  /// in one frame per coin.
  public var blockMs = 100
  /// Seconds of full-rate trading generated before `start`, so that windows are already filled; 0 for none.
  public var historyS = 0
  /// Sparse trades per account in the `historyDays` before that: positions and fills histories to begin with.
  public var historyTradesPerAccount = 6
  /// How far back the sparse history reaches, in days.
  public var historyDays = 8
  /// How long trades stay readable, in seconds; the last `recentTradesMax` of a coin always stay.
  public var tradesRetentionS = 3_900
  /// The most fills kept of one account, as on the exchange.
  public var fillsPerAccountMax = 10_000
  /// The most fills kept over all accounts; beyond it an account that gets one loses its oldest one.
  public var fillsTotalMax = 2_000_000
  /// Standard deviation of a mark's relative move over one second, as a multiple of the default (1e-4).
  public var volatility = 1.0
  /// Mean jumps (2…12 %) of one coin's mark per hour of trading.
  public var jumpsPerHour = 0.03
  /// Whether backstop takeovers also appear as public trades; the exchange's behaviour is not on record.
  public var backstopInTrades = true
  /// The share of orders that are TWAP slices: all-zero hash, a `twapId` on the taker's fill.
  public var twapShare = 0.1

  /// The defaults: 44 coins, 3,000 accounts, 50 trades per second, no warm history.
  public init() {}

  /// A small world for runs of many virtual hours: 8 coins, 60 accounts, one trade per second.
  public static var small: WorldOptions {
    var options = WorldOptions()
    options.coins = 8
    options.accounts = 60
    options.tradesPerSecond = 1
    return options
  }

  /// The same options with every value inside its bounds.
  func clamped() -> WorldOptions {
    var options = self
    options.coins = min(max(coins, 4), WorldOptions.coinsMax)
    options.accounts = min(max(accounts, 8), WorldOptions.accountsMax)
    options.tradesPerSecond = min(max(tradesPerSecond, 0.001), WorldOptions.tradesPerSecondMax)
    options.blockMs = min(max(blockMs, 1), 10_000)
    options.historyS = min(max(historyS, 0), 86_400)
    options.historyTradesPerAccount = min(max(historyTradesPerAccount, 0), 1_000)
    options.historyDays = min(max(historyDays, 1), 60)
    options.tradesRetentionS = min(max(tradesRetentionS, 0), 7 * 86_400)
    options.fillsPerAccountMax = min(max(fillsPerAccountMax, 1), 10_000)
    options.fillsTotalMax = max(fillsTotalMax, 1)
    options.volatility = min(max(volatility, 0), 100)
    options.jumpsPerHour = min(max(jumpsPerHour, 0), 1_000)
    options.twapShare = min(max(twapShare, 0), 1)
    return options
  }
}
