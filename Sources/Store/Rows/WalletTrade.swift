public import Base
public import Market

/// A closed round trip of a profiled wallet.
public struct WalletTrade: Hashable, Sendable {
  /// The wallet.
  public var address: Address
  /// The exchange's spelling of the coin.
  public var coin: String
  /// Long or short.
  public var isLong: Bool
  /// Volume-weighted entry price.
  public var entryPx: Double
  /// Volume-weighted exit price; `nil` only in rows of the original.
  public var exitPx: Double?
  /// Entry notional, USD.
  public var sizeUsd: Double
  /// Profit, USD.
  public var pnlUsd: Double
  /// Profit over entry notional.
  public var pnlPct: Double
  /// From first entry to last exit.
  public var holdHours: Double
  /// First entry.
  public var entryTime: WallTime
  /// Last exit; `nil` only in rows of the original.
  public var exitTime: WallTime?
  /// Whether it won.
  public var isWin: Bool

  /// A trade with these fields.
  public init(
    address: Address, coin: String, isLong: Bool, entryPx: Double, exitPx: Double?, sizeUsd: Double,
    pnlUsd: Double, pnlPct: Double, holdHours: Double, entryTime: WallTime, exitTime: WallTime?, isWin: Bool
  ) {
    self.address = address
    self.coin = coin
    self.isLong = isLong
    self.entryPx = entryPx
    self.exitPx = exitPx
    self.sizeUsd = sizeUsd
    self.pnlUsd = pnlUsd
    self.pnlPct = pnlPct
    self.holdHours = holdHours
    self.entryTime = entryTime
    self.exitTime = exitTime
    self.isWin = isWin
  }
}

extension Write {
  /// Removes every trade of a wallet.
  public static let noWalletTrades = Write(
    .walletTrades, cells: 1, sql: "DELETE FROM wallet_trades WHERE address = ?1")

  /// Adds a trade.
  public static let walletTrade = Write(
    .walletTrades, cells: 12,
    sql: """
      INSERT INTO wallet_trades (address, coin, side, entry_px, exit_px, size_usd, pnl_usd, pnl_pct, hold_hours,
        entry_time, exit_time, is_win)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      """)
}

extension Batch {
  /// Replaces the trades of `address`, all in this batch: readers never see some of them. `false` when there is
  /// not room for all, and then nothing is added; more than `rowsMax - 1` trades never fit.
  @discardableResult
  public mutating func replaceTrades(of address: Address, with trades: some Collection<WalletTrade>) -> Bool {
    guard count + 1 + trades.count <= Batch.rowsMax, begin(.noWalletTrades) else { return false }
    put(.address(address))
    for row in trades where begin(.walletTrade) {
      put(.address(address))
      put(.text(row.coin))
      put(.side(isLong: row.isLong))
      put(.real(row.entryPx))
      put(.real(orNull: row.exitPx))
      put(.real(row.sizeUsd))
      put(.real(row.pnlUsd))
      put(.real(row.pnlPct))
      put(.real(row.holdHours))
      put(.time(row.entryTime))
      put(row.exitTime.map { .time($0) } ?? .null)
      put(.flag(row.isWin))
    }
    return true
  }
}
