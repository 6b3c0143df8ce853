public import Base

// Addresses ⇄ text: `0x` and 40 hex digits, read in any case, written in lower case as the exchange does.

extension Address {
  /// Characters of an address's text.
  public static let textCount = 42

  /// The address written as `0x` + 40 hex digits of any case; `nil` for anything else.
  @inlinable
  public init?(_ text: UnsafeRawBufferPointer) {
    guard text.count == 42, text[0] == UInt8(ascii: "0"), text[1] == UInt8(ascii: "x"),
      let base = text.baseAddress
    else { return nil }
    self.init(digits: base + 2)
  }

  /// The address written as `0x` + 40 hex digits; for rare paths.
  public init?(_ text: String) {
    var text = text
    guard let address = text.withUTF8({ Address(UnsafeRawBufferPointer($0)) }) else { return nil }
    self = address
  }

  /// The address whose 40 hex digits lie at `digits`; `nil` when one of them is no hex digit.
  @inlinable
  @inline(__always)
  public init?(digits: UnsafeRawPointer) {
    var bad: UInt64 = 0
    let w0 = Address.hex(digits, &bad)
    let w1 = Address.hex(digits + 8, &bad)
    let w2 = Address.hex(digits + 16, &bad)
    let w3 = Address.hex(digits + 24, &bad)
    let w4 = Address.hex(digits + 32, &bad)
    guard bad == 0 else { return nil }
    self.init(
      a: UInt64(w0) << 32 | UInt64(w1), b: UInt64(w2) << 32 | UInt64(w3), c: w4)
  }

  /// The value of eight hex digits; leaves a bit in `bad` for each byte that is none.
  @inlinable
  @inline(__always)
  static func hex(_ digits: UnsafeRawPointer, _ bad: inout UInt64) -> UInt32 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let word = UInt64(littleEndian: digits.loadUnaligned(as: UInt64.self))
    let low = word & (ones &* 0x7F)
    // Bit 7 of each byte: set when the byte is outside 0…9, outside a…f (either case).
    let notDigit = (low ^ (ones &* 0x30)) &+ (ones &* 0x76)
    let letter = (low | (ones &* 0x20)) ^ (ones &* 0x60)
    let isZero = ((letter | (ones &* 0x80)) &- ones) ^ (ones &* 0x80)
    let notLetter = (letter &+ (ones &* 0x79)) | isZero
    bad |= ((notDigit & notLetter) | word) & (ones &* 0x80)
    // Nibbles, then pairs of them, then pairs of bytes: the first digit is the most significant.
    let nibbles = (word & (ones &* 0x0F)) &+ ((word >> 6) & ones) &* 9
    let bytes = ((nibbles &* 0x1001) >> 8) & 0x00FF_00FF_00FF_00FF
    let halves = ((bytes &* 0x100_0001) >> 16) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: (halves &* 0x1_0000_0000_0001) >> 32)
  }

  /// Writes the 42 characters at `out`.
  public func write(at out: UnsafeMutableRawPointer) {
    out.storeBytes(of: UInt8(ascii: "0"), as: UInt8.self)
    out.storeBytes(of: UInt8(ascii: "x"), toByteOffset: 1, as: UInt8.self)
    for place in 0..<40 {
      let digit: UInt8
      if place < 16 {
        digit = UInt8(truncatingIfNeeded: a >> (60 - 4 * UInt64(place))) & 0xF
      } else if place < 32 {
        digit = UInt8(truncatingIfNeeded: b >> (124 - 4 * UInt64(place))) & 0xF
      } else {
        digit = UInt8(truncatingIfNeeded: c >> (156 - 4 * UInt32(place))) & 0xF
      }
      let letter = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      out.storeBytes(of: letter, toByteOffset: place + 2, as: UInt8.self)
    }
  }

  /// Appends the 42 characters.
  public func append(to buffer: ByteBuffer) {
    write(at: buffer.reserve(Address.textCount))
    buffer.commit(Address.textCount)
  }
}

extension Address: CustomStringConvertible {
  /// `0x` and 40 lower-case hex digits.
  public var description: String {
    String(unsafeUninitializedCapacity: Address.textCount) {
      write(at: UnsafeMutableRawPointer($0.baseAddress!))
      return Address.textCount
    }
  }
}
