public import Base
public import Market

/// How a fill reads in the exchange's `dir`.
enum FillDir: UInt8 {
  case openLong, openShort, closeLong, closeShort, longToShort, shortToLong
  case liquidatedCrossLong, liquidatedCrossShort, liquidatedIsolatedLong, liquidatedIsolatedShort
  case settlement

  /// The exchange's spelling.
  var text: StaticString {
    switch self {
    case .openLong: "Open Long"
    case .openShort: "Open Short"
    case .closeLong: "Close Long"
    case .closeShort: "Close Short"
    case .longToShort: "Long > Short"
    case .shortToLong: "Short > Long"
    case .liquidatedCrossLong: "Liquidated Cross Long"
    case .liquidatedCrossShort: "Liquidated Cross Short"
    case .liquidatedIsolatedLong: "Liquidated Isolated Long"
    case .liquidatedIsolatedShort: "Liquidated Isolated Short"
    case .settlement: "Settlement"
    }
  }

  /// What a plain execution of `delta` on a position of `start` is called (protocol sheet §7.1).
  static func plain(start: Int64, delta: Int64) -> FillDir {
    if start == 0 || (start > 0) == (delta > 0) { return delta > 0 ? .openLong : .openShort }
    if delta.magnitude <= start.magnitude { return start > 0 ? .closeLong : .closeShort }
    return start > 0 ? .longToShort : .shortToLong
  }
}

/// What of a liquidation everybody tells alike.
public struct LiquidationEvent: Hashable, Sendable {
  /// Index of the coin.
  public var coin: Int
  /// When.
  public var timeMs: Int64
  /// Who was liquidated.
  public var user: Address
}

/// How a liquidation was carried out.
public enum LiquidationMethod: UInt8, Sendable {
  /// The position was sold into the book.
  case market
  /// A liquidator vault took the position over.
  case backstop
}

/// One execution as the world remembers it; sizes in lots, prices in ticks of its coin.
struct TradeRow {
  var timeMs: Int64
  var px: Int64
  var sz: Int64
  var tid: Int64
  /// Number of the order, which decides the hash; bit 63 set means an all-zero hash.
  var order: UInt64
  /// Account index; bit 31 set on the buyer means the buyer was the aggressor.
  var buyerAndSide: UInt32
  var seller: UInt32

  var buyer: Int { Int(buyerAndSide & 0x7fff_ffff) }
  var isBuy: Bool { buyerAndSide & 0x8000_0000 != 0 }
}

/// One account's side of an execution; sizes in lots, prices in ticks of its coin, USD in micros.
struct FillRow {
  var timeMs: Int64
  var px: Int64
  var sz: Int64
  var start: Int64
  var closedPnl: Int64
  var fee: Int64
  var oid: Int64
  var tid: Int64
  var order: UInt64
  var markPx: Int64
  /// Account index of the liquidated user; negative when this is no liquidation.
  var liquidated: Int32
  var coin: Int32
  /// 0 for none.
  var twapId: Int32
  var isBuy: Bool
  var crossed: Bool
  var direction: FillDir
  var method: LiquidationMethod

  /// The position after this fill, in lots.
  var end: Int64 { start + (isBuy ? sz : -sz) }
}

/// What one account's part in an execution needs besides px and sz.
struct Execution {
  var timeMs: Int64
  var order: UInt64
  var tid: Int64 = 0
  var twapId: Int32 = 0
  var liquidated: Int32 = -1
  var markPx: Int64 = 0
  var method = LiquidationMethod.market
}

/// One trade of the truth, as the public feed should have reported it.
public struct WorldTrade: Hashable, Sendable {
  /// Index of the coin in `World.coins`.
  public var coin: Int
  /// Whether the aggressor bought.
  public var isBuy: Bool
  /// Execution price.
  public var px: Px
  /// Size.
  public var sz: Sz
  /// px × sz, exact.
  public var ntl: Usd
  /// Exchange time.
  public var time: WallTime
  /// Trade id; unique together with coin and time.
  public var tid: Int64
  /// `users[0]`.
  public var buyer: Address
  /// `users[1]`.
  public var seller: Address
}

/// What trades of one coin add up to over a window; the reference for the daemon's order flow.
public struct FlowTruth: Hashable, Sendable {
  /// Aggressor-buy notional.
  public var buyNtl = Usd.zero
  /// Aggressor-sell notional.
  public var sellNtl = Usd.zero
  /// Aggressor buys.
  public var buyCount = 0
  /// Aggressor sells.
  public var sellCount = 0
  /// Nothing traded.
  public init() {}
}

/// One open position of the truth.
public struct WorldPosition: Hashable, Sendable {
  /// Index of the coin in `World.coins`.
  public var coin: Int
  /// Signed size: positive is long.
  public var szi: Sz
  /// What the open size cost: Σ signed size × entry price.
  public var cost: Usd
  /// |szi| × mark.
  public var value: Usd
  /// Unrealised profit at the mark.
  public var unrealizedPnl: Usd
  /// The leverage the position was opened with.
  public var leverage: Int
  /// Whether it has a margin bucket of its own.
  public var isIsolated: Bool
  /// The mark at which it would be liquidated, when there is a positive one.
  public var liquidationPx: Double?
}
