/// Everything the daemon knows, in one object that Core builds once and the routes read.
///
/// Owned by the loop, like all it holds; jobs are handed values made from it.
public final class Knowledge {
  /// Trades.
  public let orderFlow: OrderFlow
  /// Accounts.
  public let book: AddressBook
  /// When the accounts were polled.
  public let polls: PollTimes
  /// Positions of the accounts polled.
  public let positions: Positions
  /// Prices and contexts.
  public let markets = Markets()
  /// Equity snapshots of the accounts polled.
  public let equity: EquityLog
  /// Accounts by the day's profit.
  public let rankings = Rankings()
  /// What accounts' finished trades say of them.
  public let profiles: Profiles
  /// Finished trades of the wallets asked for last.
  public let recentTrades = RecentTrades()
  /// What the HLP vaults hold.
  public let vaults = HlpVaults()
  /// Changes of watched wallets' positions.
  public let changes: ChangeLog
  /// Liquidations found in fills.
  public let liquidations: Liquidations
  /// Wallets to follow.
  public let watchList: WatchList
  /// Alerts clients asked for.
  public let alerts: Alerts
  /// The latest liquidation heatmaps; `nil` before the first.
  @exclusivity(unchecked) public var heatmap: HeatmapResult?

  /// Knowledge of nothing but what `orderFlow` and `book` hold.
  public init(
    orderFlow: OrderFlow, book: AddressBook, positionsMax: Int = 1_000_000, equityMax: Int = 1_000_000,
    profilesMax: Int = 50_000, changesMax: Int = ChangeLog.changesMax,
    liquidationsMax: Int = Liquidations.eventsMax, watchedMax: Int = WatchList.walletsMax,
    alertsMax: Int = Alerts.alertsMax
  ) {
    self.orderFlow = orderFlow
    self.book = book
    polls = PollTimes(addressesMax: book.addressesMax)
    positions = Positions(book: book, positionsMax: positionsMax)
    equity = EquityLog(snapshotsMax: equityMax)
    profiles = Profiles(profilesMax: profilesMax)
    changes = ChangeLog(changesMax: changesMax)
    liquidations = Liquidations(eventsMax: liquidationsMax)
    watchList = WatchList(walletsMax: watchedMax)
    alerts = Alerts(alertsMax: alertsMax)
  }
}
