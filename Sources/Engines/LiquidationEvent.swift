public import Base
public import Market

/// One execution of a liquidation.
public struct LiquidationEvent: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// Exchange time of the execution.
  public var occurredAt: WallTime
  /// Whether a long was liquidated, else a short.
  public var isLong: Bool
  /// px × sz of the execution.
  public var sizeUsd: Usd
  /// Its price.
  public var price: Px
  /// Who was liquidated; nil when the row does not say.
  public var address: Address?

  /// An event with these properties.
  public init(
    coin: CoinID, occurredAt: WallTime, isLong: Bool, sizeUsd: Usd, price: Px, address: Address?
  ) {
    self.coin = coin
    self.occurredAt = occurredAt
    self.isLong = isLong
    self.sizeUsd = sizeUsd
    self.price = price
    self.address = address
  }

  /// What `fill`, a row of `user`'s history, says of a liquidation; nil when it carries no mark of one, or in a coin
  /// that is not listed, or of a size no dollar amount holds.
  ///
  /// The mark is the `liquidation` object, which both counterparties' rows carry; the label `dir` is ordinary in market
  /// liquidations. Whose row it is decides the side: the liquidated account sells its long or buys its short back.
  public init?(_ fill: Fill, of user: Address) {
    guard let mark = fill.liquidation, let coin = fill.coin, let sizeUsd = fill.px.times(fill.sz) else {
      return nil
    }
    let isOwnRow = LiquidationEvent.isOwnRow(fill, mark, of: user)
    let isLong: Bool
    switch fill.direction {
    case .liquidatedCrossLong, .liquidatedIsolatedLong: isLong = true
    case .liquidatedCrossShort, .liquidatedIsolatedShort: isLong = false
    default: isLong = (fill.side == .sell) == isOwnRow
    }
    self.init(
      coin: coin, occurredAt: fill.time, isLong: isLong, sizeUsd: sizeUsd, price: fill.px,
      address: mark.user ?? (isOwnRow ? user : nil))
  }

  /// Whether the row tells the liquidated account's own execution.
  private static func isOwnRow(_ fill: Fill, _ mark: FillLiquidation, of user: Address) -> Bool {
    // Sold into the book, the liquidated account is always the taker. Taken over by the vault or deleveraged, every
    // row says `crossed`, and it is the other party's unless it names its own account.
    if mark.method == .backstop || fill.direction == .autoDeleveraging { return mark.user == user }
    return fill.isTaker || mark.user == user
  }
}
