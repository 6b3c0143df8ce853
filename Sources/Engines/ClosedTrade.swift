public import Base
public import Market

/// One trade of an account in one coin, from flat to flat; a row of `wallet_trades`.
///
/// Amounts are rounded as the table keeps them, so that what is answered from memory and from SQLite is the same.
public struct ClosedTrade: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// Whether it was a long.
  public var isLong: Bool
  /// Whether it made money before fees.
  public var isWin: Bool
  /// Volume-weighted price of the fills that built it.
  public var entryPx: Double
  /// Volume-weighted price of the fills that closed it.
  public var exitPx: Double
  /// Entry notional, USD, to the cent.
  public var sizeUsd: Double
  /// Sum of the fills' closed profit, before fees, USD, to the cent.
  public var pnlUsd: Double
  /// Profit over entry notional, a fraction, 6 decimals.
  public var pnlPct: Double
  /// From the first entry to the last exit, at least 0.001, 3 decimals.
  public var holdHours: Double
  /// Time of the first entry.
  public var entryTime: WallTime
  /// Time of the last exit.
  public var exitTime: WallTime

  /// A trade with these values, e.g. as read from the table.
  public init(
    coin: CoinID, isLong: Bool, isWin: Bool, entryPx: Double, exitPx: Double, sizeUsd: Double, pnlUsd: Double,
    pnlPct: Double, holdHours: Double, entryTime: WallTime, exitTime: WallTime
  ) {
    self.coin = coin
    self.isLong = isLong
    self.isWin = isWin
    self.entryPx = entryPx
    self.exitPx = exitPx
    self.sizeUsd = sizeUsd
    self.pnlUsd = pnlUsd
    self.pnlPct = pnlPct
    self.holdHours = holdHours
    self.entryTime = entryTime
    self.exitTime = exitTime
  }
}
