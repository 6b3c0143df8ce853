/// What handlers of many routes do with a call: refuse, find the account meant, print values.
import Base
import Engines
import Market
import Wire

extension RouteCall {
  /// Answers `{"error":"reason"}`.
  func error(_ status: Int, _ reason: StaticString) {
    var json = begin(status)
    json.beginObject()
    json.key("error")
    json.string(reason)
    json.endObject()
  }

  /// Answers `{"error":"reason"}`; for reasons that are put together.
  func error(_ status: Int, reason: String) {
    var json = begin(status)
    json.beginObject()
    json.pair("error", reason)
    json.endObject()
  }

  /// The text parameter at `index` as addresses are compared: without blanks around it, in lower case.
  func key(_ index: Int) -> String { AddressKey.of(text(index)) }

  /// The coin the text parameter at `index` means, as answers name it: the exchange's spelling, or what was
  /// asked for in capitals.
  func coinName(_ coin: CoinID?, _ index: Int) -> String {
    coin.map { views.coins[$0].name } ?? uppercased(index)
  }
}

/// The form in which clients' addresses are compared and kept. It need not be an address.
enum AddressKey {
  /// The most characters of a key that is kept.
  static let charactersMax = 256

  /// Whether `key` is taken for an address: at least as many characters as the replaced service asked for.
  static func fits(_ key: String) -> Bool {
    (WatchList.keyCharactersMin...charactersMax).contains(key.unicodeScalars.count)
  }

  /// `text` without blanks around it, in lower case.
  static func of(_ text: UnsafeRawBufferPointer) -> String { of(String(decoding: text, as: UTF8.self)) }

  /// `text` without blanks around it, in lower case.
  static func of(_ text: String) -> String {
    let trimmed = text.drop { $0.isWhitespace }
    guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return trimmed[...last].lowercased()
  }
}

extension JSONWriter {
  /// `"name":value` to the cent.
  mutating func cents(_ name: StaticString, _ value: Usd) {
    key(name)
    decimal(raw: value.micros, scale: 6, places: 2)
  }

  /// `"name":value`, every digit.
  mutating func usd(_ name: StaticString, _ value: Usd) {
    key(name)
    decimal(raw: value.micros, scale: 6, places: 6)
  }

  /// `"name":value`, every digit.
  mutating func price(_ name: StaticString, _ value: Px) {
    key(name)
    decimal(raw: value.raw, scale: 8, places: 8)
  }

  /// `"name":value`, every digit.
  mutating func size(_ name: StaticString, _ value: Sz) {
    key(name)
    decimal(raw: value.raw, scale: 8, places: 8)
  }

  /// `"name":value`; a number that is none prints as 0.
  mutating func number(_ name: StaticString, _ value: Double) {
    key(name)
    double(value.isFinite ? value : 0)
  }

  /// `"name":value` rounded to `places` decimals as Python's `round` does; not finite prints as 0.
  mutating func rounded(_ name: StaticString, _ value: Double, _ places: Int) {
    key(name)
    rounded(value, places)
  }

  /// A value rounded to `places` decimals.
  mutating func rounded(_ value: Double, _ places: Int) { double(Rounding.round(value, places)) }

  /// `"name":value` in epoch seconds.
  mutating func time(_ name: StaticString, _ value: WallTime) {
    key(name)
    seconds(value)
  }

  /// How long before `now` the time `then` was, in seconds with one decimal; never negative.
  mutating func age(of then: WallTime, at now: WallTime) {
    decimal(raw: max(0, now.ms - then.ms), scale: 3, places: 1)
  }

  /// `"side":"long"` or `"short"`.
  mutating func side(_ isLong: Bool) {
    key("side")
    string(isLong ? "long" : "short")
  }

  /// `"name":1` or `0`, as the flags of tables are shown.
  mutating func bit(_ name: StaticString, _ value: Bool) {
    key(name)
    raw(value ? "1" : "0")
  }

  /// `"name":"0x…"`.
  mutating func address(_ name: StaticString, _ value: Address) {
    key(name)
    raw("\"")
    value.append(to: buffer)
    buffer.append(UInt8(ascii: "\""))
  }

  /// `"name":null`.
  mutating func null(_ name: StaticString) {
    key(name)
    null()
  }
}

/// Rounding of doubles for answers.
enum Rounding {
  private static let units: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

  private static func isTieUp(_ leftOut: Double, isOdd: Bool) -> Bool {
    leftOut > 0 || leftOut == 0 && isOdd
  }

  /// `a` × `b` − `product`, exactly, where `product` is their rounded product (Dekker 1971); both below 2^900.
  private static func leftOut(_ a: Double, _ b: Double, _ product: Double) -> Double {
    let (aHigh, bHigh) = (high(a), high(b))
    let (aLow, bLow) = (a - aHigh, b - bHigh)
    return aLow * bLow - (((product - aHigh * bHigh) - aLow * bHigh) - aHigh * bLow)
  }

  /// The upper 26 bits of `value`'s mantissa (Veltkamp).
  private static func high(_ value: Double) -> Double {
    let spread = value * 134_217_729
    return spread - (spread - value)
  }

  /// `value` to `places` decimals (0…9), ties to even of what the double really is; not finite becomes 0.
  ///
  /// Values of 2^52 and more in units of the last place are returned as they are.
  static func round(_ value: Double, _ places: Int) -> Double {
    guard value.isFinite else { return 0 }
    let unit = units[places]
    let scaled = value * unit
    guard scaled.magnitude < 4_503_599_627_370_496 else { return value }
    // The product may have been rounded to a tie: what that left out decides. (No `rounded()`, no fused multiply:
    // they would need libm.)
    let cut = Double(Int64(scaled))
    let whole = cut > scaled ? cut - 1 : cut
    let rest = scaled - whole
    let isOdd = Int64(whole) & 1 != 0
    let isUp = rest > 0.5 || rest == 0.5 && isTieUp(leftOut(value, unit, scaled), isOdd: isOdd)
    // A negative value that rounds to nothing is −0.0, as with Python.
    return Double(signOf: value, magnitudeOf: (isUp ? whole + 1 : whole) / unit)
  }
}
