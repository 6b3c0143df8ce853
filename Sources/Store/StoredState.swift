public import Base

/// What a restart takes from the file: a plain value made by a pool job.
public struct StoredState: Sendable {
  /// The accounts, never polled ones first, then by their last polls; the latest seen when there were too many.
  public var addresses: [AddressRecord] = []
  /// Positions polled within `StoredLimits.positionAge`, in no order.
  public var positions: [PositionRow] = []
  /// Watched wallets, also those that are followed no longer.
  public var watched: [WatchedWallet] = []
  /// Alerts, the oldest first.
  public var alerts: [WalletAlert] = []
  /// The highest number any alert ever had; the next one is one more.
  public var lastAlertID: Int64 = 0
  /// Profiles; the latest computed when there were too many. In no order.
  public var profiles: [WalletProfile] = []
  /// Position changes of the last 7 days, the oldest first; the newest when there were too many.
  public var changes: [PositionChangeRow] = []
  /// What each vault held at its last poll, the earliest written first: what is open now.
  public var hlpSnapshots: [HlpSnapshot] = []
  /// Each change of a coin's net side over all vaults in the last 168 hours, in order of time, beginning with the
  /// side it had first: all that a week's million snapshots say about flips.
  public var hlpSides: [HlpSide] = []
  /// Equity of the last 24 hours, the oldest first; the newest when there were too many.
  public var equity: [EquitySnapshot] = []
  /// Liquidations, the oldest first; the newest when there were too many.
  public var liquidations: [LiquidationEventRow] = []
  /// Tables that could not be read, each with its reason; what they hold is missing above.
  public var unread: [StoreError] = []
  /// Rows left in the file: their address is none.
  public var skipped = 0
  /// Rows left in the file: beyond a limit.
  public var beyondLimit = 0
  /// What opening the file found.
  public var opened = OpenReport()

  /// An empty state.
  public init() {}
}

/// How much a restart takes over at most; the rest stays in the file.
public struct StoredLimits: Hashable, Sendable {
  /// Accounts.
  public var addressesMax = 1_000_000
  /// Positions.
  public var positionsMax = 1_000_000
  /// Watched wallets.
  public var watchedMax = 10_000
  /// Alerts.
  public var alertsMax = 10_000
  /// Profiles.
  public var profilesMax = 20_000
  /// Position changes.
  public var changesMax = 50_000
  /// Vault snapshots looked at.
  public var hlpSnapshotsMax = 4_000_000
  /// Changes of coins' net sides.
  public var hlpSidesMax = 100_000
  /// Equity snapshots.
  public var equityMax = 1_000_000
  /// Liquidations.
  public var liquidationsMax = 50_000
  /// How old a position may be.
  public var positionAge = TimeSpan.seconds(86_400)
  /// How old a position change may be.
  public var changeAge = TimeSpan.seconds(7 * 86_400)
  /// How old a vault snapshot may be.
  public var hlpAge = TimeSpan.seconds(168 * 3_600)
  /// How old an equity snapshot may be.
  public var equityAge = TimeSpan.seconds(86_400)
  /// How old a liquidation may be.
  public var liquidationAge = TimeSpan.seconds(7 * 86_400)

  /// The standard limits.
  public init() {}
}
