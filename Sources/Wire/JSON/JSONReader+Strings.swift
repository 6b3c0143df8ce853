// Strings of the pull reader: eight bytes at a time while they are plain ASCII, the exact rules for the rest.

/// The bytes of a word that a plain-ASCII string scan must stop at: quote, backslash, control, non-ASCII.
///
/// The lowest set bit is exact; higher ones may be false (borrows run upwards), so only the lowest counts.
@inlinable
@inline(__always)
public func stringStops(_ word: UInt64) -> UInt64 {
  let ones: UInt64 = 0x0101_0101_0101_0101
  let highs: UInt64 = 0x8080_8080_8080_8080
  let quote = word ^ (ones &* 0x22)
  let slash = word ^ (ones &* 0x5C)
  let control = word &- (ones &* 0x20)
  return ((quote &- ones) | (slash &- ones) | control | word) & highs
}

extension JSONReader {
  /// Reads a string.
  @inlinable
  public mutating func readString() throws(JSONError) -> JSONText {
    let byte = try peek()
    guard byte == UInt8(ascii: "\"") else { throw mismatch(byte) }
    return try string()
  }

  /// The string whose opening quote the cursor stands on.
  @inlinable
  @inline(__always)
  mutating func string() throws(JSONError) -> JSONText {
    let first = cursor + 1
    var at = first
    while at < end {
      let stops = stringStops(UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
      if stops == 0 {
        at += 8
        continue
      }
      at += stops.trailingZeroBitCount >> 3
      guard at < end else { break }
      if at.pointee == UInt8(ascii: "\"") {
        cursor = at + 1
        return JSONText(start: first, count: at - first, hasEscapes: false)
      }
      return try stringSlowly(first, at)
    }
    throw endOfText()
  }

  /// Goes on with the string that began at `first` from `position`, where something special stands.
  @usableFromInline
  @inline(never)
  mutating func stringSlowly(
    _ first: UnsafePointer<UInt8>, _ position: UnsafePointer<UInt8>
  ) throws(JSONError) -> JSONText {
    var at = position
    var hasEscapes = false
    while at < end {
      let byte = at.pointee
      switch byte {
      case UInt8(ascii: "\""):
        cursor = at + 1
        return JSONText(start: first, count: at - first, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        at = try escape(at)
      case 0..<0x20:
        cursor = at
        throw error(.controlCharacter)
      case 0x20..<0x80:
        let stops = stringStops(UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
        at += stops == 0 ? 8 : stops.trailingZeroBitCount >> 3
      default:
        let length = utf8SequenceLength(at, end - at)
        guard length > 0 else {
          cursor = at
          throw error(.badUTF8)
        }
        at += length
      }
    }
    throw endOfText()
  }

  /// Checks the escape at `at` and answers where it ends.
  private mutating func escape(_ at: UnsafePointer<UInt8>) throws(JSONError) -> UnsafePointer<UInt8> {
    guard end - at >= 2 else { throw endOfText() }
    switch at[1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return at + 2
    case UInt8(ascii: "u"):
      let unit = try codeUnit(at)
      if unit & 0xF800 != 0xD800 { return at + 6 }
      cursor = at
      guard unit & 0xFC00 == 0xD800, end - at >= 12, at[6] == UInt8(ascii: "\\"), at[7] == UInt8(ascii: "u"),
        try codeUnit(at + 6) & 0xFC00 == 0xDC00
      else { throw error(.loneSurrogate) }
      return at + 12
    default:
      cursor = at
      throw error(.badEscape)
    }
  }

  /// The value of the `\uXXXX` at `at`.
  private mutating func codeUnit(_ at: UnsafePointer<UInt8>) throws(JSONError) -> UInt32 {
    guard end - at >= 6 else { throw endOfText() }
    var value: UInt32 = 0
    for i in 2..<6 {
      let digit = at[i]
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
      default:
        cursor = at
        throw error(.badEscape)
      }
    }
    return value
  }

  @usableFromInline
  @inline(never)
  mutating func endOfText() -> JSONError {
    cursor = end
    return error(.unexpectedEnd)
  }
}
