public import Base
public import Market

/// An open position as last polled; one per account and coin.
public struct PositionRow: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// The exchange's spelling of the coin.
  public var coin: String
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
  /// Margin it binds, USD.
  public var marginUsed: Double
  /// Where it is liquidated; `nil` when the exchange names no price.
  public var liqPx: Double?
  /// Profit not yet taken, USD.
  public var unrealizedPnl: Double
  /// When it was last polled.
  public var updatedAt: WallTime

  /// A position with these fields.
  public init(
    address: Address, coin: String, isLong: Bool, size: Double, sizeUsd: Double, entryPx: Double,
    markPx: Double, leverage: Double, marginUsed: Double, liqPx: Double?, unrealizedPnl: Double,
    updatedAt: WallTime
  ) {
    self.address = address
    self.coin = coin
    self.isLong = isLong
    self.size = size
    self.sizeUsd = sizeUsd
    self.entryPx = entryPx
    self.markPx = markPx
    self.leverage = leverage
    self.marginUsed = marginUsed
    self.liqPx = liqPx
    self.unrealizedPnl = unrealizedPnl
    self.updatedAt = updatedAt
  }
}

/// A position that is no longer open.
public struct ClosedPosition: Hashable, Sendable {
  /// The account.
  public var address: Address
  /// The exchange's spelling of the coin.
  public var coin: String

  /// The position of `address` in `coin`.
  public init(address: Address, coin: String) {
    self.address = address
    self.coin = coin
  }
}

extension Write {
  /// Sets a position.
  public static let position = Write(
    .positions, cells: 12,
    sql: """
      INSERT INTO positions (address, coin, side, size, size_usd, entry_px, mark_px, leverage, margin_used,
        liq_px, unrealized_pnl, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      ON CONFLICT (address, coin) DO UPDATE SET
        side = excluded.side, size = excluded.size, size_usd = excluded.size_usd,
        entry_px = excluded.entry_px, mark_px = excluded.mark_px, leverage = excluded.leverage,
        margin_used = excluded.margin_used, liq_px = excluded.liq_px,
        unrealized_pnl = excluded.unrealized_pnl, updated_at = excluded.updated_at
      """)

  /// Removes a position.
  public static let closedPosition = Write(
    .positions, cells: 2, sql: "DELETE FROM positions WHERE address = ?1 AND coin = ?2")
}

extension Batch {
  /// Sets a position; `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: PositionRow) -> Bool {
    guard begin(.position) else { return false }
    put(.address(row.address))
    put(.text(row.coin))
    put(.side(isLong: row.isLong))
    put(.real(row.size))
    put(.real(row.sizeUsd))
    put(.real(row.entryPx))
    put(.real(row.markPx))
    put(.real(row.leverage))
    put(.real(row.marginUsed))
    put(.real(orNull: row.liqPx))
    put(.real(row.unrealizedPnl))
    put(.time(row.updatedAt))
    return true
  }

  /// Removes a position; one that is not in the file is no error. `false` when the batch is full.
  @discardableResult
  public mutating func add(_ row: ClosedPosition) -> Bool {
    guard begin(.closedPosition) else { return false }
    put(.address(row.address))
    put(.text(row.coin))
    return true
  }
}
