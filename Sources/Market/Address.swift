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
    var bad = SIMD16<UInt8>(repeating: 0)
    let a = Address.hex(digits, &bad)
    let b = Address.hex(digits + 16, &bad)
    let c = Address.hex(digits + 24, &bad)
    let halves = unsafeBitCast(bad, to: SIMD2<UInt64>.self)
    guard (halves[0] | halves[1]) & 0x8080_8080_8080_8080 == 0 else { return nil }
    self.init(a: a, b: b, c: UInt32(truncatingIfNeeded: c))
  }

  /// The value of sixteen hex digits; bit 7 of a lane of `bad` is set for each byte that is none.
  ///
  /// Vectors of plain arithmetic only: comparisons of SIMD types compile to scalar code here.
  @inlinable
  @inline(__always)
  static func hex(_ digits: UnsafeRawPointer, _ bad: inout SIMD16<UInt8>) -> UInt64 {
    let text = digits.loadUnaligned(as: SIMD16<UInt8>.self)
    let notDigit = (text ^ SIMD16(repeating: 0x30)) &+ SIMD16(repeating: 0x76)
    // Letters of either case become 0…5; anything else has bit 7 set, or gets it by adding 122.
    let letter = ((text | SIMD16(repeating: 0x20)) ^ SIMD16(repeating: 0x60)) &- SIMD16(repeating: 1)
    let notLetter = letter | (letter &+ SIMD16(repeating: 0x7A))
    bad |= (notDigit & notLetter) | text
    // Bit 6 tells letters from digits: 9 more for them. Then pairs of nibbles, then the first pair in front.
    let isLetter = unsafeBitCast(text & SIMD16(repeating: 0x40), to: SIMD8<UInt16>.self)
    let nine = (isLetter &>> SIMD8(repeating: 3)) &+ (isLetter &>> SIMD8(repeating: 6))
    let nibbles = unsafeBitCast(text & SIMD16(repeating: 0x0F), to: SIMD8<UInt16>.self) &+ nine
    let bytes = (nibbles &<< SIMD8(repeating: 4)) &+ (nibbles &>> SIMD8(repeating: 8))
    return unsafeBitCast(SIMD8<UInt8>(truncatingIfNeeded: bytes), to: UInt64.self).byteSwapped
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
