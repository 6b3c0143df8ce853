public import Base

/// An alert a client asked for.
public struct WalletAlert: Hashable, Sendable {
  /// Its number: given by Core from `StoredState.lastAlertID` upwards and never used twice, also not after a
  /// deletion (`sqlite_sequence` remembers the highest).
  public var id: Int64
  /// The wallet it is about, trimmed and in lower case; need not be an address.
  public var key: String
  /// `any_trade`, `entry_only`, `exit_only`, `size_above` or `coin_specific`.
  public var alertType: String
  /// Smallest size, USD.
  public var minSizeUsd: Double
  /// The coins as the client wrote them.
  public var coins: String
  /// Whether it is on.
  public var isEnabled: Bool
  /// When it was asked for.
  public var createdAt: WallTime

  /// An alert with these fields.
  public init(
    id: Int64, key: String, alertType: String, minSizeUsd: Double, coins: String, isEnabled: Bool = true,
    createdAt: WallTime
  ) {
    self.id = id
    self.key = key
    self.alertType = alertType
    self.minSizeUsd = minSizeUsd
    self.coins = coins
    self.isEnabled = isEnabled
    self.createdAt = createdAt
  }
}

/// The end of an alert.
public struct RemovedAlert: Hashable, Sendable {
  /// Its number.
  public var id: Int64

  /// The end of alert `id`.
  public init(id: Int64) { self.id = id }
}

extension Write {
  /// Adds an alert under its number; a number in use is refused as `constraint`.
  public static let walletAlert = Write(
    .walletAlerts, cells: 7,
    sql: """
      INSERT INTO wallet_alerts (id, address, alert_type, min_size_usd, coins, enabled, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)

  /// Removes an alert.
  public static let removedAlert = Write(
    .walletAlerts, cells: 1, sql: "DELETE FROM wallet_alerts WHERE id = ?1")
}

extension Batch {
  /// Adds an alert; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: WalletAlert) -> Bool {
    guard begin(.walletAlert) else { return false }
    put(.integer(row.id))
    put(.text(row.key))
    put(.text(row.alertType))
    put(.real(row.minSizeUsd))
    put(.text(row.coins))
    put(.flag(row.isEnabled))
    put(.time(row.createdAt))
    return true
  }

  /// Removes an alert; one that is not in the file is no error. `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: RemovedAlert) -> Bool {
    guard begin(.removedAlert) else { return false }
    put(.integer(row.id))
    return true
  }
}
