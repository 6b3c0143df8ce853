public import Base
public import Market

/// What the profiler needs of a fill: 80 bytes.
public struct ProfileFill: Hashable, Sendable {
  /// Exchange time.
  public var time: WallTime
  /// Price.
  public var px: Px
  /// Size, positive.
  public var sz: Sz
  /// Signed position before it.
  public var startPosition: Sz
  /// Profit of the closed part, before fees.
  public var closedPnl: Usd
  /// Trade id, 0 when the row had none.
  public var tid: UInt64
  /// Order id.
  public var oid: UInt64
  /// The transaction hash folded into one word.
  public var hash: UInt64
  /// The coin.
  public var coin: CoinID
  /// What the account did.
  public var side: Side
  /// Netting or settlement: it moves the position but is no trading.
  public var isMechanical: Bool

  /// What the profiler needs of `fill`; `nil` for what it skips: spot, outcomes and coins that are not listed.
  @inlinable
  public init?(_ fill: Fill) {
    guard let coin = fill.coin else { return nil }
    switch fill.direction {
    case .buy, .sell, .spotDustConversion: return nil
    default: break
    }
    time = fill.time
    px = fill.px
    sz = fill.sz
    startPosition = fill.startPosition
    closedPnl = fill.closedPnl
    tid = fill.tid ?? 0
    oid = fill.oid
    let words = fill.hash.words
    hash = words[0] ^ words[1] ^ words[2] ^ words[3]
    self.coin = coin
    side = fill.side
    isMechanical = fill.direction == .settlement || fill.direction == .netChildVaults
  }

  /// The position after it; `nil` when that does not fit.
  @inlinable var endPosition: Int64? {
    let (end, overflow) =
      side == .buy
      ? startPosition.raw.addingReportingOverflow(sz.raw)
      : startPosition.raw.subtractingReportingOverflow(sz.raw)
    return overflow ? nil : end
  }
}
