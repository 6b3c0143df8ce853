/// What the exchange says about one perp at one moment: prices exact, statistics as doubles.
///
/// Volumes and open interest of cheap coins pass the range of `Sz`, and nothing is summed from them.
@frozen
public struct AssetContext: Hashable, Sendable {
  /// Mark price.
  public var markPx: Px
  /// Oracle price.
  public var oraclePx: Px
  /// Price a day ago.
  public var prevDayPx: Px
  /// Middle of the book; absent for halted and delisted coins.
  public var midPx: Px?
  /// Price at which the impact notional could be sold; absent as `midPx`.
  public var impactBidPx: Px?
  /// Price at which the impact notional could be bought; absent as `midPx`.
  public var impactAskPx: Px?
  /// Current hourly funding rate (a fraction, may be negative).
  public var funding: Double
  /// Premium over the oracle (a fraction); absent as `midPx`.
  public var premium: Double?
  /// Open interest in base-coin units.
  public var openInterest: Double
  /// Volume of the day in USD.
  public var dayNtlVlm: Double
  /// Volume of the day in base-coin units.
  public var dayBaseVlm: Double

  /// A context with nothing in it.
  public init() {
    markPx = Px(raw: 0)
    oraclePx = Px(raw: 0)
    prevDayPx = Px(raw: 0)
    midPx = nil
    impactBidPx = nil
    impactAskPx = nil
    funding = 0
    premium = nil
    openInterest = 0
    dayNtlVlm = 0
    dayBaseVlm = 0
  }
}
