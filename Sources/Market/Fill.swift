public import Base

/// The exchange's label of what a fill did. A display text, never a closed set.
public enum FillDirection: UInt8, CaseIterable, Sendable {
  /// `Open Long`
  case openLong
  /// `Open Short`
  case openShort
  /// `Close Long`; also market liquidations
  case closeLong
  /// `Close Short`; also market liquidations
  case closeShort
  /// `Long > Short`
  case longToShort
  /// `Short > Long`
  case shortToLong
  /// `Buy` (spot)
  case buy
  /// `Sell` (spot)
  case sell
  /// `Spot Dust Conversion`
  case spotDustConversion
  /// `Settlement`
  case settlement
  /// `Net Child Vaults`: netting between HLP children, no market execution
  case netChildVaults
  /// `Auto-Deleveraging`
  case autoDeleveraging
  /// `Liquidated Cross Long`: the filler took a liquidated long over
  case liquidatedCrossLong
  /// `Liquidated Cross Short`
  case liquidatedCrossShort
  /// `Liquidated Isolated Long`
  case liquidatedIsolatedLong
  /// `Liquidated Isolated Short`
  case liquidatedIsolatedShort
  /// Any other text
  case other
  /// Absent or null
  case missing
}

/// How a liquidation was carried out.
public enum LiquidationMethod: UInt8, Sendable {
  /// Sold into the book.
  case market
  /// Taken over by the liquidator vault, or auto-deleveraged.
  case backstop
  /// A text we do not know.
  case other
}

/// What marks a fill as part of a liquidation; both counterparties' rows carry it.
public struct FillLiquidation: Hashable, Sendable {
  /// Who was liquidated; sometimes absent.
  public var user: Address?
  /// Mark price at that moment.
  public var markPx: Px
  /// How.
  public var method: LiquidationMethod

  /// A mark with these properties.
  public init(user: Address?, markPx: Px, method: LiquidationMethod) {
    self.user = user
    self.markPx = markPx
    self.method = method
  }
}

/// A transaction hash: 32 bytes. All zero is normal (TWAP slices, dust, system rows).
@frozen
public struct TxHash: Hashable, Sendable {
  /// The bytes as four words in big-endian order of the text.
  public var words: SIMD4<UInt64>

  /// The hash with these words.
  @inlinable
  public init(words: SIMD4<UInt64>) { self.words = words }

  /// The hash whose 64 hex digits lie at `digits`; `nil` when one of them is no hex digit.
  @inlinable
  @inline(__always)
  public init?(digits: UnsafeRawPointer) {
    var bad = SIMD16<UInt8>(repeating: 0)
    words = SIMD4(
      Address.hex(digits, &bad), Address.hex(digits + 16, &bad), Address.hex(digits + 32, &bad),
      Address.hex(digits + 48, &bad))
    let halves = unsafeBitCast(bad, to: SIMD2<UInt64>.self)
    guard (halves[0] | halves[1]) & 0x8080_8080_8080_8080 == 0 else { return nil }
  }
}

/// One execution of one account, as its fill history tells it.
public struct Fill: Hashable, Sendable {
  /// The coin; `nil` when it is not a listed perp (spot, outcomes, unlisted).
  public var coin: CoinID?
  /// Price.
  public var px = Px(raw: 0)
  /// Size, positive.
  public var sz = Sz(raw: 0)
  /// What this account did.
  public var side = Side.buy
  /// Exchange time.
  public var time = WallTime(ms: 0)
  /// Signed position before this fill.
  public var startPosition = Sz(raw: 0)
  /// The exchange's label.
  public var direction = FillDirection.missing
  /// Profit realised by the closed part, before fees, average-entry based.
  public var closedPnl = Usd.zero
  /// The transaction.
  public var hash = TxHash(words: .zero)
  /// Order id.
  public var oid: UInt64 = 0
  /// Trade id; absent in rows of 2023, 0 on dust conversions.
  public var tid: UInt64?
  /// Whether this account took liquidity.
  public var isTaker = false
  /// Fee in units of `feeToken`, negative = rebate; the builder's fee is inside.
  public var fee = Usd.zero
  /// Whether the fee is in USDC; else it is in another token and no USD amount.
  public var isFeeInUsdc = true
  /// The TWAP this slice belongs to.
  public var twapId: UInt64?
  /// Set when this fill is part of a liquidation.
  public var liquidation: FillLiquidation?

  /// An empty fill.
  public init() {}
}
