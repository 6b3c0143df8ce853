/// One account's position in one coin as it was at its last poll; a row of the `positions` table.
public import Base
public import Market

/// A position the daemon follows.
///
/// `szi` is never 0, `entryPx` and `sizeUsd` never negative. The mark price is not a value of its own: it is
/// `sizeUsd / |szi|`, as the exchange's `positionValue` is all it says about it.
public struct TrackedPosition: Hashable, Sendable {
  /// Whose it is; good while the account is pinned in the address book.
  public var account: AddressID
  /// The coin.
  public var coin: CoinID
  /// Signed size; negative is short.
  public var szi: Sz
  /// Average entry price.
  public var entryPx: Px
  /// |szi| × mark.
  public var sizeUsd: Usd
  /// Price of liquidation; `nil` when no positive price liquidates it.
  public var liqPx: Px?
  /// Profit not yet realised.
  public var unrealizedPnl: Usd
  /// Margin it uses.
  public var marginUsed: Usd
  /// Leverage set, in (0, 200]; the table keeps hundredths.
  public var leverage: Double
  /// When the daemon learned this, by its wall clock.
  public var updatedAt: WallTime

  /// A position with these fields.
  public init(
    account: AddressID, coin: CoinID, szi: Sz, entryPx: Px, sizeUsd: Usd, liqPx: Px?, unrealizedPnl: Usd,
    marginUsed: Usd, leverage: Double, updatedAt: WallTime
  ) {
    self.account = account
    self.coin = coin
    self.szi = szi
    self.entryPx = entryPx
    self.sizeUsd = sizeUsd
    self.liqPx = liqPx
    self.unrealizedPnl = unrealizedPnl
    self.marginUsed = marginUsed
    self.leverage = leverage
    self.updatedAt = updatedAt
  }

  /// What is tracked of a position the exchange reports (contract §5); `nil` when `szi` is 0, `entryPx` is not
  /// positive, or the notional does not fit.
  ///
  /// A position without a value is valued at its entry; a leverage outside (0, 200] counts as 1.
  public static func make(
    from position: Position, account: AddressID, at time: WallTime
  ) -> TrackedPosition? {
    guard position.szi.raw != 0, position.szi.raw != .min, position.entryPx.raw > 0 else { return nil }
    var sizeUsd = position.positionValue
    if sizeUsd.micros <= 0 {
      guard let value = position.entryPx.times(Sz(raw: abs(position.szi.raw))) else { return nil }
      sizeUsd = value
    }
    let liqPx = position.liquidationPx.flatMap { $0.raw > 0 ? $0 : nil }
    return TrackedPosition(
      account: account, coin: position.coin, szi: position.szi, entryPx: position.entryPx, sizeUsd: sizeUsd,
      liqPx: liqPx, unrealizedPnl: position.unrealizedPnl, marginUsed: position.marginUsed,
      leverage: cleanLeverage(Double(position.leverage)), updatedAt: time)
  }

  /// `leverage` if it lies in (0, 200], otherwise 1.
  public static func cleanLeverage(_ leverage: Double) -> Double {
    leverage > 0 && leverage <= 200 ? leverage : 1
  }

  /// Whether it gains when the price rises.
  public var isLong: Bool { szi.raw > 0 }

  /// |szi|.
  public var size: Sz { Sz(raw: abs(szi.raw)) }

  /// The mark price it was valued at: `sizeUsd / |szi|`, rounded to the nearest; the entry price when the
  /// notional is 0 or the quotient does not fit.
  public var markPx: Px {
    let product = sizeUsd.micros.magnitude.multipliedFullWidth(by: 10_000_000_000)
    let size = szi.raw.magnitude
    guard sizeUsd.micros > 0, product.high < size else { return entryPx }
    let (quotient, remainder) = size.dividingFullWidth(product)
    let rounded = remainder >= size - remainder ? quotient + 1 : quotient
    guard rounded <= UInt64(Int64.max) else { return entryPx }
    return Px(raw: Int64(rounded))
  }
}
