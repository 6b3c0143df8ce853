/// What happens to digits finer than the scale asked for.
@frozen
public enum DecimalRounding: Sendable {
  /// Rounded once, halves away from zero.
  case halfAway
  /// Refused as `.notExact`; trailing zeros are no such digits.
  case refuse
}

/// Decimal text → exact scaled integers; the way every price, size and amount enters the daemon.
///
/// Accepts what a JSON number may look like, plus leading zeros; refuses everything else. `Double` is never
/// involved: `round(Double(text) * 1e8)` is wrong for 8–17 % of large values.
public enum DecimalText {
  /// Why a text was refused.
  @frozen
  public enum Failure: Error, Equatable, Sendable {
    /// Not a decimal number.
    case notDecimal
    /// Beyond 64 bits at this scale.
    case overflow
    /// Digits finer than the scale, and rounding was refused.
    case notExact
  }

  /// The value of `text` in units of 10^-`scale` (0…18).
  ///
  /// Form: `-`? digits (`.` digits)? ([eE] [+-]? digits)?
  @inlinable
  public static func parse(
    _ text: UnsafeRawBufferPointer, scale: Int, rounding: DecimalRounding = .halfAway
  ) throws(Failure) -> Int64 {
    precondition(scale >= 0 && scale <= 18)
    guard let base = text.baseAddress, text.count <= 19 else {
      return try parseSlowly(text, scale: scale, rounding: rounding)
    }
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    var at = 0
    let isNegative = text.count > 0 && bytes[0] == UInt8(ascii: "-")
    if isNegative { at = 1 }
    // At most 18 digits and a dot or sign fit into 19 bytes: no overflow of the 64-bit mantissa.
    var mantissa: UInt64 = 0
    var point = -1
    let firstDigit = at
    while at < text.count {
      let digit = bytes[at] &- UInt8(ascii: "0")
      if digit < 10 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
      } else if bytes[at] == UInt8(ascii: "."), point < 0, at > firstDigit {
        point = at
      } else {
        return try parseSlowly(text, scale: scale, rounding: rounding)
      }
      at += 1
    }
    let decimals = point < 0 ? 0 : at - point - 1
    guard at > firstDigit, point != at - 1, decimals <= scale else {
      return try parseSlowly(text, scale: scale, rounding: rounding)
    }
    let (magnitude, overflow) = mantissa.multipliedReportingOverflow(by: powerOfTen(scale - decimals))
    guard !overflow, magnitude <= UInt64(Int64.max) else { throw .overflow }
    let value = Int64(truncatingIfNeeded: magnitude)
    return isNegative ? 0 &- value : value
  }

  /// Whether `text` has the form `parse` accepts.
  public static func isDecimal(_ text: UnsafeRawBufferPointer) -> Bool {
    do {
      _ = try DecimalShape(text)
      return true
    } catch { return false }
  }

  /// 10^`exponent`, 0…19.
  @inlinable
  @inline(__always)
  static func powerOfTen(_ exponent: Int) -> UInt64 {
    // A switch becomes a table of constants; a static array would be reached through a lazy initialiser.
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1000
    case 4: 10000
    case 5: 100000
    case 6: 1_000_000
    case 7: 10_000_000
    case 8: 100_000_000
    case 9: 1_000_000_000
    case 10: 10_000_000_000
    case 11: 100_000_000_000
    case 12: 1_000_000_000_000
    case 13: 10_000_000_000_000
    case 14: 100_000_000_000_000
    case 15: 1_000_000_000_000_000
    case 16: 10_000_000_000_000_000
    case 17: 100_000_000_000_000_000
    case 18: 1_000_000_000_000_000_000
    default: 10_000_000_000_000_000_000
    }
  }

  /// Any length, exponents, digits beyond the scale.
  @usableFromInline
  @inline(never)
  static func parseSlowly(
    _ text: UnsafeRawBufferPointer, scale: Int, rounding: DecimalRounding
  ) throws(Failure) -> Int64 {
    let shape = try DecimalShape(text)
    // The digit at place p (10^p) counts for the value when p ≥ -scale; the first below it decides the rounding.
    var magnitude: UInt64 = 0
    var place = shape.highestPlace
    var isFiner = false
    var roundsUp = false
    for byte in text[shape.digits] where byte != UInt8(ascii: ".") {
      let digit = byte - UInt8(ascii: "0")
      if place >= -scale {
        magnitude = try appending(digit, to: magnitude)
      } else {
        isFiner = isFiner || digit != 0
        if place == -scale - 1 { roundsUp = digit >= 5 }
      }
      place -= 1
    }
    // `place` is now the place behind the last digit; the missing ones down to the scale are zeros.
    while place >= -scale, magnitude != 0 {
      magnitude = try appending(0, to: magnitude)
      place -= 1
    }
    if isFiner {
      guard rounding == .halfAway else { throw .notExact }
      if roundsUp {
        guard magnitude < .max else { throw .overflow }
        magnitude += 1
      }
    }
    guard let value = Int64(magnitude: magnitude, isNegative: shape.isNegative) else { throw .overflow }
    return value
  }

  private static func appending(_ digit: UInt8, to magnitude: UInt64) throws(Failure) -> UInt64 {
    let (tens, overflow) = magnitude.multipliedReportingOverflow(by: 10)
    let (sum, carry) = tens.addingReportingOverflow(UInt64(digit))
    if overflow || carry { throw .overflow }
    return sum
  }
}

/// Where the parts of a decimal text lie.
struct DecimalShape {
  var isNegative = false
  /// Digits and the point, if there is one.
  var digits: Range<Int>
  /// The power of ten of the first digit, the exponent included.
  var highestPlace: Int

  /// Exponents are clamped to this: beyond it every value is zero or an overflow at every scale.
  static let exponentMax = 1 << 40

  init(_ text: UnsafeRawBufferPointer) throws(DecimalText.Failure) {
    var at = 0
    if at < text.count, text[at] == UInt8(ascii: "-") {
      isNegative = true
      at += 1
    }
    let first = at
    at = DecimalShape.digits(text, at)
    let whole = at - first
    guard whole > 0 else { throw .notDecimal }
    if at < text.count, text[at] == UInt8(ascii: ".") {
      let fraction = at + 1
      at = DecimalShape.digits(text, fraction)
      guard at > fraction else { throw .notDecimal }
    }
    digits = first..<at
    var exponent = 0
    if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      var isBelow = false
      if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") {
        isBelow = text[at] == UInt8(ascii: "-")
        at += 1
      }
      let from = at
      at = DecimalShape.digits(text, from)
      guard at > from else { throw .notDecimal }
      for byte in text[from..<at] where exponent < DecimalShape.exponentMax {
        exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
      }
      if isBelow { exponent = -exponent }
    }
    guard at == text.count else { throw .notDecimal }
    highestPlace = whole - 1 + exponent
  }

  private static func digits(_ text: UnsafeRawBufferPointer, _ from: Int) -> Int {
    var at = from
    while at < text.count, text[at] &- UInt8(ascii: "0") < 10 { at += 1 }
    return at
  }
}
