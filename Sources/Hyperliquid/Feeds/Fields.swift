import Base
import Market
import Wire

// Fields that many messages share, read tolerantly: a value of the wrong type or beyond its range is `nil` (the
// row is then counted invalid), while broken JSON always throws.

extension JSONReader {
  /// Runs `read`; a value that is well-formed but not what was asked for is stepped over and answered as `nil`.
  @inline(__always)
  mutating func tolerating<Value>(
    _ read: (inout JSONReader) throws(JSONError) -> Value?
  ) throws(JSONError) -> Value? {
    let start = mark
    do throws(JSONError) { return try read(&self) } catch {
      rewind(to: start)
      try skipValue()
      return nil
    }
  }

  /// A price above zero; `nil` for anything else well-formed.
  mutating func readPx() throws(JSONError) -> Px? {
    guard let raw = try readScaled(8), raw > 0 else { return nil }
    return Px(raw: raw)
  }

  /// A signed size; `nil` for anything else well-formed.
  mutating func readSz() throws(JSONError) -> Sz? { try readScaled(8).map(Sz.init(raw:)) }

  /// An amount of USD; `nil` for anything else well-formed.
  mutating func readUsd() throws(JSONError) -> Usd? { try readScaled(6).map(Usd.init(micros:)) }

  /// A decimal in units of 10^-`scale`; `nil` for anything else well-formed.
  mutating func readScaled(_ scale: Int) throws(JSONError) -> Int64? {
    try tolerating { (reader) throws(JSONError) in try reader.readDecimal(scale: scale) }
  }

  /// A double from a number or text; `nil` for anything else well-formed.
  mutating func readStatistic() throws(JSONError) -> Double? {
    try tolerating { (reader) throws(JSONError) in try reader.readDoubleText() }
  }

  /// An integer that is not negative; `nil` for anything else well-formed.
  mutating func readCount() throws(JSONError) -> UInt64? {
    try tolerating { (reader) throws(JSONError) in try reader.readUInt64() }
  }

  /// A time in milliseconds, 1 … 2^48 (the year 10889); `nil` for anything else well-formed.
  mutating func readTime() throws(JSONError) -> WallTime? {
    guard let ms = try readCount(), ms > 0, ms < 1 << 48 else { return nil }
    return WallTime(ms: Int64(ms))
  }

  /// A string; `nil` for anything else well-formed.
  mutating func readText() throws(JSONError) -> JSONText? {
    try tolerating { (reader) throws(JSONError) in try reader.readString() }
  }

  /// A flag; `nil` for anything else well-formed, `null` too.
  mutating func readFlag() throws(JSONError) -> Bool? {
    try tolerating { (reader) throws(JSONError) in try reader.readBool() }
  }

  /// An address; `nil` for anything else well-formed.
  mutating func readAddress() throws(JSONError) -> Address? {
    guard let text = try readText(), !text.hasEscapes else { return nil }
    return Address(text.bytes)
  }

  /// `B` or `A`; `nil` for anything else well-formed.
  mutating func readSide() throws(JSONError) -> Side? {
    guard let text = try readText() else { return nil }
    return text.is("B") ? .buy : text.is("A") ? .sell : nil
  }
}

extension Coins {
  /// The coin spelled like this text of a message.
  @inline(__always)
  func find(_ name: JSONText) -> CoinID? {
    if name.hasEscapes {
      var text = name.string
      return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }
    return find(name.bytes)
  }
}
