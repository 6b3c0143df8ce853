public import Base

/// Doubles ⇄ text, printed exactly as Python's `repr(float)` prints them.
///
/// The service's clients were fed by Python's json module, so the same value must give the same characters:
/// `98341.0`, `0.1`, `1e-05`, `1e+16`, `-0.0`. Shortest text that reads back as the same double.
public enum DoubleText {
  /// The nearest double of a number in JSON's grammar; `nil` when it is not finite.
  ///
  /// Correctly rounded: small mantissas by one exact operation (Clinger 1990), the rest by the standard library.
  public static func parse(_ text: UnsafeRawBufferPointer) -> Double? {
    if let exact = parseExactly(text) { return exact }
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// At most 15 digits and a power of ten up to 22: both exact doubles, so one operation rounds correctly.
  private static func parseExactly(_ text: UnsafeRawBufferPointer) -> Double? {
    guard text.count <= 17 else { return nil }
    var mantissa: UInt64 = 0
    var digits = 0
    var decimals = 0
    var isBehindPoint = false
    var isNegative = false
    for (at, byte) in text.enumerated() {
      let digit = byte &- UInt8(ascii: "0")
      if digit < 10 {
        mantissa = mantissa * 10 + UInt64(digit)
        digits += 1
        if isBehindPoint { decimals += 1 }
      } else if byte == UInt8(ascii: "."), !isBehindPoint, digits > 0 {
        isBehindPoint = true
      } else if byte == UInt8(ascii: "-"), at == 0 {
        isNegative = true
      } else {
        return nil
      }
    }
    guard digits > 0, digits <= 15, !isBehindPoint || decimals > 0 else { return nil }
    let value = Double(mantissa) / Double(DecimalText.powerOfTen(decimals))
    return isNegative ? -value : value
  }

  /// Appends `value`, which must be finite.
  public static func append(_ value: Double, to out: ByteBuffer) {
    precondition(value.isFinite)
    let magnitude = value.magnitude
    if magnitude < 1e16 {
      let whole = UInt64(magnitude)
      if Double(whole) == magnitude {
        // Below 1e16 a whole double's digits are its shortest form: neighbours are at most 2 apart and even.
        if value.sign == .minus { out.append(UInt8(ascii: "-")) }
        appendDigits(whole, to: out)
        return out.append(".0")
      }
      if magnitude >= 1e-4, appendShort(value, magnitude, to: out) { return }
    }
    // Swift's own shortest form differs from Python's only between 2^53 and 1e16, which are whole.
    out.append(utf8: value.description)
  }

  /// Prints values of at most 8 decimals and 15 digits without the standard library's search.
  ///
  /// A decimal of at most 15 digits that reads back as `value` is its only one, hence its shortest.
  private static func appendShort(_ value: Double, _ magnitude: Double, to out: ByteBuffer) -> Bool {
    // No `rounded()`: it would need libm, and the check below refuses a candidate that is off by one.
    guard magnitude < 1e7 else { return false }
    let scaled = UInt64(magnitude * 1e8 + 0.5)
    guard Double(scaled) / 1e8 == magnitude else { return false }
    appendFixed(scaled, isNegative: value.sign == .minus, decimals: 8, to: out)
    return true
  }

  /// Appends `raw` × 10^-`scale` rounded half-even to `places` decimals, printed as the double nearest to that.
  ///
  /// Exact: the rounding sees the integer, not a double. `scale` and `places` 0…18.
  public static func appendDecimal(raw: Int64, scale: Int, places: Int, to out: ByteBuffer) {
    precondition(scale >= 0 && scale <= 18 && places >= 0 && places <= 18)
    var magnitude = raw.magnitude
    var decimals = scale
    if places < scale {
      let unit = DecimalText.powerOfTen(scale - places)
      let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: unit)
      let half = unit / 2
      let isUp = remainder > half || remainder == half && quotient & 1 == 1
      magnitude = isUp ? quotient + 1 : quotient
      decimals = places
    }
    let isNegative = raw < 0
    if magnitude < 1_000_000_000_000_000, magnitude == 0 || magnitude >= smallestPlain(decimals) {
      return appendFixed(magnitude, isNegative: isNegative, decimals: decimals, to: out)
    }
    let text = ByteBuffer(capacity: 64)
    appendFixed(magnitude, isNegative: isNegative, decimals: decimals, to: text)
    append(parse(text.bytes) ?? 0, to: out)
  }

  /// The least mantissa with `decimals` decimals that Python prints without an exponent (1e-4 and up).
  private static func smallestPlain(_ decimals: Int) -> UInt64 {
    decimals <= 4 ? 1 : DecimalText.powerOfTen(decimals - 4)
  }

  /// Appends `magnitude` × 10^-`decimals` with trailing zeros cut, at least one decimal kept.
  private static func appendFixed(
    _ magnitude: UInt64, isNegative: Bool, decimals: Int, to out: ByteBuffer
  ) {
    if isNegative { out.append(UInt8(ascii: "-")) }
    let unit = DecimalText.powerOfTen(decimals)
    let (whole, rest) = magnitude.quotientAndRemainder(dividingBy: unit)
    appendDigits(whole, to: out)
    guard rest != 0 else { return out.append(".0") }
    let room = out.reserve(decimals + 1).assumingMemoryBound(to: UInt8.self)
    room[0] = UInt8(ascii: ".")
    var last = decimals
    var left = rest
    while left >= 10, left % 10 == 0 {
      left /= 10
      last &-= 1
    }
    for place in 1...last { room[place] = UInt8(ascii: "0") }
    let count = digitCount(left)
    put(left, count, at: room + (1 &+ last &- count))
    out.commit(last + 1)
  }

  /// Appends the decimal digits of `value`.
  public static func appendDigits(_ value: UInt64, to out: ByteBuffer) {
    let room = out.reserve(20).assumingMemoryBound(to: UInt8.self)
    let count = digitCount(value)
    put(value, count, at: room)
    out.commit(count)
  }

  /// How many decimal digits `value` has.
  @inline(__always)
  private static func digitCount(_ value: UInt64) -> Int {
    // 1233 / 4096 is a little above log10(2), so the guess is right or one short.
    let guess = ((64 &- (value | 1).leadingZeroBitCount) &* 1233) >> 12
    return guess &+ ((value | 1) >= DecimalText.powerOfTen(guess) ? 1 : 0)
  }

  /// Writes the `count` decimal digits of `value` at `room`, two per division.
  @inline(__always)
  private static func put(_ value: UInt64, _ count: Int, at room: UnsafeMutablePointer<UInt8>) {
    let pairs = digitPairs.utf8Start
    var left = value
    var place = count
    while left >= 100 {
      let quotient = left / 100
      let pair = Int(truncatingIfNeeded: left &- quotient &* 100) &* 2
      room[place &- 1] = pairs[pair &+ 1]
      room[place &- 2] = pairs[pair]
      place &-= 2
      left = quotient
    }
    let last = Int(truncatingIfNeeded: left) &* 2
    room[place &- 1] = pairs[last &+ 1]
    if place > 1 { room[place &- 2] = pairs[last] }
  }

  private static var digitPairs: StaticString {
    """
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
    """
  }
}
