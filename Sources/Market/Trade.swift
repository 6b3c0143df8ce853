public import Base

/// A coin's small integer name: an index into `Coins`. Given in order of first sight, never reused.
@frozen
public struct CoinID: Hashable, Comparable, Sendable {
  /// The index.
  public var raw: UInt32
  /// The coin at `raw`.
  @inlinable
  public init(raw: UInt32) { self.raw = raw }
  /// The index for flat arrays.
  @inlinable public var index: Int { Int(raw) }
  /// By age of acquaintance.
  @inlinable
  public static func < (a: CoinID, b: CoinID) -> Bool { a.raw < b.raw }
}

/// An account: the 20 bytes behind `0x…`, held as three words in big-endian order of the text.
@frozen
public struct Address: Hashable, Sendable {
  /// The text's hex digits 0…15.
  public var a: UInt64
  /// The text's hex digits 16…31.
  public var b: UInt64
  /// The text's hex digits 32…39.
  public var c: UInt32
  /// The account with these words.
  @inlinable
  public init(a: UInt64, b: UInt64, c: UInt32) {
    self.a = a
    self.b = b
    self.c = c
  }
}

/// An account's small integer name: an index into the address book.
@frozen
public struct AddressID: Hashable, Sendable {
  /// The index.
  public var raw: UInt32
  /// The account at `raw`.
  @inlinable
  public init(raw: UInt32) { self.raw = raw }
  /// The index for flat arrays.
  @inlinable public var index: Int { Int(raw) }
}

/// Whose order took liquidity. The exchange writes `B` (bid) for buys and `A` (ask) for sells.
@frozen
public enum Side: UInt8, Sendable {
  /// The aggressor bought.
  case buy
  /// The aggressor sold.
  case sell
}

/// One execution as the public trade feed reports it.
@frozen
public struct Trade: Hashable, Sendable {
  /// The coin.
  public var coin: CoinID
  /// The aggressor's side.
  public var side: Side
  /// Execution price.
  public var px: Px
  /// Size in coin units, positive.
  public var sz: Sz
  /// Exchange time of the execution.
  public var time: WallTime
  /// Trade id; unique only together with coin and time.
  public var tid: UInt64
  /// `users[0]`.
  public var buyer: Address
  /// `users[1]`.
  public var seller: Address

  /// A trade with these fields.
  @inlinable
  public init(
    coin: CoinID, side: Side, px: Px, sz: Sz, time: WallTime, tid: UInt64, buyer: Address, seller: Address
  ) {
    self.coin = coin
    self.side = side
    self.px = px
    self.sz = sz
    self.time = time
    self.tid = tid
    self.buyer = buyer
    self.seller = seller
  }
}
