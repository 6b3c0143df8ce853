public import Base
public import Market

/// What an HLP vault held of a coin at one poll.
public struct HlpSnapshot: Hashable, Sendable {
  /// The vault.
  public var vault: Address
  /// The exchange's spelling of the coin.
  public var coin: String
  /// When it was polled; the vaults of one round may share it.
  public var at: WallTime
  /// Long or short.
  public var isLong: Bool
  /// Its size without sign, in coins.
  public var size: Double
  /// Its size, USD.
  public var sizeUsd: Double
  /// Volume-weighted entry price.
  public var entryPx: Double
  /// The price it was valued at.
  public var markPx: Double
  /// Leverage, (0, 200].
  public var leverage: Double
  /// Profit not yet taken, USD.
  public var unrealizedPnl: Double

  /// A snapshot with these fields.
  public init(
    vault: Address, coin: String, at: WallTime, isLong: Bool, size: Double, sizeUsd: Double, entryPx: Double,
    markPx: Double, leverage: Double, unrealizedPnl: Double
  ) {
    self.vault = vault
    self.coin = coin
    self.at = at
    self.isLong = isLong
    self.size = size
    self.sizeUsd = sizeUsd
    self.entryPx = entryPx
    self.markPx = markPx
    self.leverage = leverage
    self.unrealizedPnl = unrealizedPnl
  }
}

extension Write {
  /// Adds a vault's snapshot; a second one of the same moment replaces the first.
  public static let hlpSnapshot = Write(
    .hlpSnapshots, cells: 10,
    sql: """
      INSERT INTO hlp_snapshots (vault_address, coin, snapshot_at, side, size, size_usd, entry_px, mark_px,
        leverage, unrealized_pnl)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      ON CONFLICT (vault_address, coin, snapshot_at) DO UPDATE SET
        side = excluded.side, size = excluded.size, size_usd = excluded.size_usd,
        entry_px = excluded.entry_px, mark_px = excluded.mark_px, leverage = excluded.leverage,
        unrealized_pnl = excluded.unrealized_pnl
      """)
}

extension Batch {
  /// Adds a vault's snapshot; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: HlpSnapshot) -> Bool {
    guard begin(.hlpSnapshot) else { return false }
    put(.address(row.vault))
    put(.text(row.coin))
    put(.time(row.at))
    put(.side(isLong: row.isLong))
    put(.real(row.size))
    put(.real(row.sizeUsd))
    put(.real(row.entryPx))
    put(.real(row.markPx))
    put(.real(row.leverage))
    put(.real(row.unrealizedPnl))
    return true
  }
}
