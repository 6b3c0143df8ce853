public import Base

/// One price level of a book.
@frozen
public struct BookLevel: Hashable, Sendable {
  /// The level's price.
  public var px: Px
  /// Size resting there, in coin units.
  public var sz: Sz
  /// Orders resting there.
  public var orders: UInt32

  /// A level with these properties.
  @inlinable
  public init(px: Px, sz: Sz, orders: UInt32) {
    self.px = px
    self.sz = sz
    self.orders = orders
  }
}

/// A whole book as the exchange sends it: best levels first. Reused between messages.
public struct Book: Sendable {
  /// The coin; `nil` when it is not listed.
  public var coin: CoinID?
  /// Exchange time.
  public var time = WallTime(ms: 0)
  /// Buyers, highest price first.
  public var bids: [BookLevel] = []
  /// Sellers, lowest price first.
  public var asks: [BookLevel] = []

  /// An empty book.
  public init() {}
}
