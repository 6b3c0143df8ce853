// Decimal numbers by hand: strings of digits, so that no bound and no rounding is hidden in a machine's word.
import Base

/// A decimal number as text says it: ±digits × 10^exponent, of any length.
struct DecimalReference {
  var isNegative = false
  /// Digits without leading zeros; empty for zero.
  var digits: [UInt8] = []
  /// The power of ten of the last digit, clamped far beyond any scale.
  var exponent = 0

  /// The number `text` is, by JSON's grammar with leading zeros allowed; nil when it is none.
  init?(_ text: UnsafeRawBufferPointer) {
    var rest = Array(text)[...]
    func takeDigits() -> [UInt8] {
      let run = rest.prefix { (48...57).contains($0) }
      rest = rest.dropFirst(run.count)
      return run.map { $0 - 48 }
    }
    if rest.first == UInt8(ascii: "-") {
      isNegative = true
      rest = rest.dropFirst()
    }
    digits = takeDigits()
    guard !digits.isEmpty else { return nil }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      let fraction = takeDigits()
      guard !fraction.isEmpty else { return nil }
      digits += fraction
      exponent = -fraction.count
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      let power = takeDigits()
      guard !power.isEmpty else { return nil }
      exponent += sign * power.reduce(0) { min($0 * 10 + Int($1), 1 << 40) }
    }
    guard rest.isEmpty else { return nil }
    digits = Array(digits.drop { $0 == 0 })
  }

  /// The integer `raw` × 10^-`scale`.
  init(raw: Int64, scale: Int) {
    isNegative = raw < 0
    digits = raw == 0 ? [] : String(raw.magnitude).utf8.map { $0 - 48 }
    exponent = -scale
  }

  /// How what is finer than a unit is rounded.
  enum Rounding { case halfAway, halfEven }

  /// The number in units of 10^-`scale`, and whether anything finer was lost; nil digits mean an absurd size.
  func units(scale: Int, _ rounding: Rounding) -> (digits: [UInt8], isExact: Bool)? {
    guard !digits.isEmpty else { return ([], true) }
    let shift = exponent + scale
    if shift >= 0 {
      guard shift + digits.count <= 64 else { return nil }
      return (digits + [UInt8](repeating: 0, count: shift), true)
    }
    let kept = digits.count + shift
    let whole = kept > 0 ? Array(digits[..<kept]) : []
    let finer = kept >= 0 ? Array(digits[kept...]) : [0] + digits
    let isExact = finer.allSatisfy { $0 == 0 }
    let first = finer.first ?? 0
    let isHalf = first == 5 && finer.dropFirst().allSatisfy { $0 == 0 }
    let isOdd = (whole.last ?? 0) % 2 == 1
    let isUp = rounding == .halfEven && isHalf ? isOdd : first >= 5
    return (isUp ? DecimalReference.next(whole) : whole, isExact)
  }

  private static func next(_ digits: [UInt8]) -> [UInt8] {
    var sum = digits
    for at in sum.indices.reversed() {
      if sum[at] < 9 {
        sum[at] += 1
        return sum
      }
      sum[at] = 0
    }
    return [1] + sum
  }

  /// Digits as a 64-bit integer with this number's sign; nil beyond.
  func integer(_ digits: [UInt8]) -> Int64? {
    Int64(
      (isNegative ? "-" : "") + (digits.isEmpty ? "0" : "")
        + String(decoding: digits.map { $0 + 48 }, as: UTF8.self))
  }
}
