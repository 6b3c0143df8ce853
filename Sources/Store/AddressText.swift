import Market

/// An account as SQLite rows carry it: `0x` and 40 lower-case hex digits.
enum AddressText {
  /// Bytes of the text.
  static let bytes = 42

  /// Writes the 42 bytes.
  static func write(_ address: Address, to text: UnsafeMutableBufferPointer<CChar>) {
    text[0] = 0x30
    text[1] = 0x78
    digits(address.a, count: 16, to: text, at: 2)
    digits(address.b, count: 16, to: text, at: 18)
    digits(UInt64(address.c), count: 8, to: text, at: 34)
  }

  /// The account, accepting capitals as older files may hold; `nil` for anything else.
  static func read(_ text: UnsafeRawBufferPointer) -> Address? {
    guard text.count == bytes, text[0] == 0x30, text[1] | 0x20 == 0x78 else { return nil }
    guard let a = word(text, from: 2, count: 16), let b = word(text, from: 18, count: 16),
      let c = word(text, from: 34, count: 8)
    else { return nil }
    return Address(a: a, b: b, c: UInt32(truncatingIfNeeded: c))
  }

  private static func digits(
    _ word: UInt64, count: Int, to text: UnsafeMutableBufferPointer<CChar>, at start: Int
  ) {
    for index in 0..<count {
      let nibble = CChar(truncatingIfNeeded: (word >> UInt64(4 * (count - 1 - index))) & 15)
      text[start + index] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
  }

  private static func word(_ text: UnsafeRawBufferPointer, from start: Int, count: Int) -> UInt64? {
    var word: UInt64 = 0
    for index in start..<start + count {
      let byte = text[index]
      switch byte {
      case 0x30...0x39: word = word << 4 | UInt64(byte - 0x30)
      case 0x41...0x46: word = word << 4 | UInt64(byte - 0x37)
      case 0x61...0x66: word = word << 4 | UInt64(byte - 0x57)
      default: return nil
      }
    }
    return word
  }
}
