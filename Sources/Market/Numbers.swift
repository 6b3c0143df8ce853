/// A price in USD (or the dex's collateral), exact: 1e-8 units. Range ±92 billion.
///
/// The exchange prints at most 6 decimals for perps and 8 for spot, so every price it sends is exact here.
@frozen
public struct Px: Comparable, Hashable, Sendable {
  /// 1e-8 USD.
  public var raw: Int64
  /// `raw` hundred-millionths of a dollar.
  @inlinable
  public init(raw: Int64) { self.raw = raw }
  /// For statistics and JSON only.
  @inlinable public var double: Double { Double(raw) / 1e8 }
  /// Lower before higher.
  @inlinable
  public static func < (a: Px, b: Px) -> Bool { a.raw < b.raw }
}

/// A size in base-coin units, exact: 1e-8 units; signed where the field's word is `szi`. Range ±92 billion.
@frozen
public struct Sz: Comparable, Hashable, Sendable {
  /// 1e-8 coin.
  public var raw: Int64
  /// `raw` hundred-millionths of a coin.
  @inlinable
  public init(raw: Int64) { self.raw = raw }
  /// For statistics and JSON only.
  @inlinable public var double: Double { Double(raw) / 1e8 }
  /// Smaller before larger.
  @inlinable
  public static func < (a: Sz, b: Sz) -> Bool { a.raw < b.raw }
}

/// An amount of USD, exact: 1e-6 units. Range ±9.2 trillion.
///
/// A perp's price has at most 6 − szDecimals decimals and its size szDecimals, so px × sz is exact here;
/// anything finer (dust, spot) is rounded once, per trade, half away from zero. Sums of these are integers,
/// so a running sum equals a fresh recount bit for bit.
@frozen
public struct Usd: Comparable, Hashable, Sendable {
  /// 1e-6 USD.
  public var micros: Int64
  /// `micros` millionths of a dollar.
  @inlinable
  public init(micros: Int64) { self.micros = micros }
  /// For statistics and JSON only.
  @inlinable public var double: Double { Double(micros) / 1e6 }
  /// Nothing.
  @inlinable public static var zero: Usd { Usd(micros: 0) }
  /// Less before more.
  @inlinable
  public static func < (a: Usd, b: Usd) -> Bool { a.micros < b.micros }
  /// The sum; traps on overflow, which bounds of the engines rule out.
  @inlinable
  public static func + (a: Usd, b: Usd) -> Usd { Usd(micros: a.micros + b.micros) }
  /// The difference.
  @inlinable
  public static func - (a: Usd, b: Usd) -> Usd { Usd(micros: a.micros - b.micros) }
  /// Adds in place.
  @inlinable
  public static func += (a: inout Usd, b: Usd) { a.micros += b.micros }
  /// Subtracts in place.
  @inlinable
  public static func -= (a: inout Usd, b: Usd) { a.micros -= b.micros }
}

extension Px {
  /// The notional of `sz` at this price, `nil` when it does not fit (above 9.2 trillion USD).
  @inlinable
  public func times(_ sz: Sz) -> Usd? {
    let product = raw.magnitude.multipliedFullWidth(by: sz.raw.magnitude)
    guard product.high < 10_000_000_000 else { return nil }
    let rounded: UInt64
    if product.high < 1024 {
      // Below about 1.9 million USD: 1e10 = 1024 × 5^10, so a shift and a division by a constant, which is a
      // multiplication, do what a 128-bit division would.
      let shifted = product.high << 54 | product.low >> 10
      let quotient = shifted / 9_765_625
      let remainder = (shifted &- quotient &* 9_765_625) << 10 | product.low & 1023
      rounded = remainder >= 5_000_000_000 ? quotient &+ 1 : quotient
    } else {
      let (quotient, remainder) = (10_000_000_000 as UInt64).dividingFullWidth(product)
      rounded = remainder >= 5_000_000_000 ? quotient &+ 1 : quotient
    }
    guard rounded <= UInt64(Int64.max) else { return nil }
    let magnitude = Int64(rounded)
    return Usd(micros: (raw < 0) != (sz.raw < 0) ? -magnitude : magnitude)
  }
}
