import Wire

// What the fast paths read messages with: eight bytes at a time, digits by multiplication, literals by comparison.
// Unsafe: every function reads whole words from where it is told; its caller has checked that they are there.

/// Eight bytes of a message.
@inline(__always)
func word(_ bytes: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
  UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}

/// The word eight characters make; a constant after optimisation.
@inline(__always)
func word(_ text: StaticString) -> UInt64 { word(text.utf8Start, 0) }

@inline(__always)
func half(_ bytes: UnsafePointer<UInt8>, _ offset: Int) -> UInt16 {
  UInt16(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: offset, as: UInt16.self))
}

@inline(__always)
func half(_ text: StaticString) -> UInt16 { half(text.utf8Start, 0) }

/// Bit 7 of every byte that is no digit; exact for all eight.
@inline(__always)
func nonDigits(_ word: UInt64) -> UInt64 {
  let ones: UInt64 = 0x0101_0101_0101_0101
  return (((word & (ones &* 0x7F)) ^ (ones &* 0x30)) &+ (ones &* 0x76) | word) & (ones &* 0x80)
}

/// The value of eight digits, the first in the lowest byte; zero bytes count as zeros.
@inline(__always)
func digits(_ word: UInt64) -> UInt64 {
  let pairs = ((word & 0x0F0F_0F0F_0F0F_0F0F) &* 2561) >> 8 & 0x00FF_00FF_00FF_00FF
  let fours = (pairs &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
  return (fours &* 42_949_672_960_001) >> 32
}

/// Whether 66 bytes can stand in a string as they are: ASCII, no control, no quote, no backslash.
@inline(__always)
func isPlain66(_ bytes: UnsafePointer<UInt8>) -> Bool {
  let raw = UnsafeRawPointer(bytes)
  // Bit 7 of a lane survives for a quote, a backslash, a control character or a byte outside ASCII.
  @inline(__always)
  func stops(_ offset: Int) -> SIMD16<UInt8> {
    let part = raw.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
    let quote = (part ^ SIMD16(repeating: 0x22)) &- SIMD16(repeating: 1)
    let slash = (part ^ SIMD16(repeating: 0x5C)) &- SIMD16(repeating: 1)
    return quote | slash | (part &- SIMD16(repeating: 0x20)) | part
  }
  let all = stops(0) | stops(16) | stops(32) | stops(48) | stops(50)
  let halves = unsafeBitCast(all, to: SIMD2<UInt64>.self)
  return (halves[0] | halves[1]) & 0x8080_8080_8080_8080 == 0
}

/// Whether the bytes at `bytes` are `text`, at least eight characters; a few comparisons with constants.
@inline(__always)
func matches(_ bytes: UnsafePointer<UInt8>, _ text: StaticString) -> Bool {
  let count = text.utf8CodeUnitCount
  var difference: UInt64 = word(bytes, count - 8) ^ word(text.utf8Start, count - 8)
  var at = 0
  while at + 8 < count {
    difference |= word(bytes, at) ^ word(text.utf8Start, at)
    at += 8
  }
  return difference == 0
}

/// Characters up to the quote when there are 1…16, all plain ASCII.
@inline(__always)
func plainLength(_ text: UnsafePointer<UInt8>) -> Int? {
  var stops = stringStops(word(text, 0))
  var length = stops.trailingZeroBitCount >> 3
  if stops == 0 {
    stops = stringStops(word(text, 8))
    length = 8 + stops.trailingZeroBitCount >> 3
  }
  guard text[length] == UInt8(ascii: "\""), length > 0 else { return nil }
  return length
}
