import Engines

/// How much of everything the daemon holds at the most: what each part declares, in one place, so that a simulation
/// can make them small and see what happens at them. The daemon uses the defaults.
public struct Bounds: Hashable, Sendable {
  /// Accounts in the address book.
  public var addresses = 1_000_000
  /// Positions.
  public var positions = 1_000_000
  /// Equity snapshots.
  public var equity = 1_000_000
  /// Profiles.
  public var profiles = 50_000
  /// Watched wallets.
  public var watched = WatchList.walletsMax
  /// Alerts.
  public var alerts = Alerts.alertsMax
  /// Position changes.
  public var changes = ChangeLog.changesMax
  /// Liquidations.
  public var liquidations = Liquidations.eventsMax
  /// Chunks of 128 trades held for the windows.
  public var flowChunks = OrderFlow.chunksMaxDefault
  /// Rows waiting for the disk.
  public var waitingRows = 65_536

  /// The daemon's.
  public init() {}
}
