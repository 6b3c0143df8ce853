/// One account's position in one coin, as the exchange reports it.
public struct Position: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// Signed size; negative is short.
  public var szi: Sz
  /// Average entry price.
  public var entryPx: Px
  /// |szi| × mark.
  public var positionValue: Usd
  /// Profit not yet realised.
  public var unrealizedPnl: Usd
  /// Profit over margin, a fraction; below −1 is possible.
  public var returnOnEquity: Double
  /// Price of liquidation; `nil` when no positive price liquidates it.
  public var liquidationPx: Px?
  /// Margin it uses.
  public var marginUsed: Usd
  /// Leverage set.
  public var leverage: Int
  /// Whether its margin is its own bucket.
  public var isIsolated: Bool
  /// The isolated bucket's USD, normally negative for longs; `nil` for cross.
  public var isolatedRawUsd: Usd?
  /// The exchange's leverage cap for this position.
  public var maxLeverage: Int
  /// Funding since the position was opened; the sign's meaning is not documented.
  public var fundingSinceOpen: Usd

  /// No position in `coin`.
  public init(coin: CoinID) {
    self.coin = coin
    szi = Sz(raw: 0)
    entryPx = Px(raw: 0)
    positionValue = .zero
    unrealizedPnl = .zero
    returnOnEquity = 0
    liquidationPx = nil
    marginUsed = .zero
    leverage = 0
    isIsolated = false
    isolatedRawUsd = nil
    maxLeverage = 0
    fundingSinceOpen = .zero
  }
}
