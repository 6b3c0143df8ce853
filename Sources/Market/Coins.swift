public import Base

/// A perp coin as the exchange lists it.
public struct Coin: Hashable, Sendable {
  /// The exchange's spelling, with the dex prefix on builder dexes (`BTC`, `kPEPE`, `xyz:TSLA`).
  public var name: String
  /// The dex it trades on; empty for the main dex.
  public var dex: String
  /// Decimals of a size.
  public var szDecimals: Int
  /// The exchange's leverage cap.
  public var maxLeverage: Int
  /// Whether the exchange lists it as tradable now. A delisted coin keeps its id and its history.
  public var isListed: Bool

  /// A coin with these properties.
  public init(name: String, dex: String, szDecimals: Int, maxLeverage: Int, isListed: Bool) {
    self.name = name
    self.dex = dex
    self.szDecimals = szDecimals
    self.maxLeverage = maxLeverage
    self.isListed = isListed
  }
}

/// Every coin ever listed in this run: name ⇄ `CoinID`, and what the exchange says of each.
///
/// Bound: `coinsMax`; a listing beyond it is refused and counted by the caller.
public struct Coins: Sendable {
  /// The most coins held; the exchange lists about 420 (2026).
  public static let coinsMax = 4096

  @usableFromInline var names = Interner(idsMax: coinsMax)
  private var folded: [String: CoinID] = [:]
  private var rows: [Coin] = []

  /// No coins.
  public init() {}

  /// Coins held, listed or not; ids are `0 ..< count`.
  public var count: Int { rows.count }

  /// The coin with `id`.
  public subscript(id: CoinID) -> Coin { rows[id.index] }

  /// Adds `coin` or renews what is known of it; `nil` when the register is full.
  public mutating func list(_ coin: Coin) -> CoinID? {
    guard let raw = names.intern(coin.name) else { return nil }
    let id = CoinID(raw: raw)
    if id.index == rows.count {
      rows.append(coin)
      if folded[coin.name.lowercased()] == nil { folded[coin.name.lowercased()] = id }
    } else {
      rows[id.index] = coin
    }
    return id
  }

  /// Marks a coin as no longer tradable.
  public mutating func delist(_ id: CoinID) { rows[id.index].isListed = false }

  /// The coin spelled exactly like these bytes; the hot path of the trade decoder.
  @inlinable
  public func find(_ name: UnsafeRawBufferPointer) -> CoinID? { names.find(name).map(CoinID.init(raw:)) }

  /// The coin a client means: the exact spelling first, then any capitals (`KPEPE`, `XYZ:TSLA`).
  public func resolve(_ text: String) -> CoinID? {
    names.find(text).map(CoinID.init(raw:)) ?? folded[text.lowercased()]
  }
}
