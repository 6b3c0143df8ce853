/// Checks UTF-8 as it arrives in pieces: sequences may be cut anywhere.
///
/// Well-formed as in Unicode 16, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. ASCII goes
/// 64 bytes at a time. State: what the next byte of an open sequence may be.

struct UTF8Check {
  /// Continuation bytes that must follow.
  private var missing = 0
  /// The bounds of the next one.
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xBF

  /// Whether no sequence is open.
  var isComplete: Bool { missing == 0 }

  /// Whether `bytes` is UTF-8 from beginning to end.
  static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var check = UTF8Check()
    return check.take(bytes) && check.isComplete
  }

  /// Takes the next piece; `false` when no continuation can make it UTF-8.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    let count = bytes.count
    var at = 0
    while at < count {
      if missing == 0 {
        at = UTF8Check.skipASCII(start, at, count)
        if at == count { return true }
        guard open(start.load(fromByteOffset: at, as: UInt8.self)) else { return false }
      } else {
        let byte = start.load(fromByteOffset: at, as: UInt8.self)
        guard byte >= low, byte <= high else { return false }
        low = 0x80
        high = 0xBF
        missing &-= 1
      }
      at &+= 1
    }
    return true
  }

  /// Begins the sequence of `lead`, which is not ASCII.
  @inline(__always)
  private mutating func open(_ lead: UInt8) -> Bool {
    low = 0x80
    high = 0xBF
    switch lead {
    case 0xC2...0xDF: missing = 1
    case 0xE0...0xEF:
      missing = 2
      if lead == 0xE0 { low = 0xA0 }
      if lead == 0xED { high = 0x9F }
    case 0xF0...0xF4:
      missing = 3
      if lead == 0xF0 { low = 0x90 }
      if lead == 0xF4 { high = 0x8F }
    default: return false
    }
    return true
  }

  /// The offset of the first byte from 0x80 up at `from` or behind it, else `count`.
  @inline(__always)
  private static func skipASCII(_ start: UnsafeRawPointer, _ from: Int, _ count: Int) -> Int {
    var at = from
    while at &+ 64 <= count {
      var high: SIMD2<UInt64> = .zero
      for lane in 0..<4 {
        high |= start.loadUnaligned(fromByteOffset: at &+ lane &* 16, as: SIMD2<UInt64>.self)
      }
      if (high[0] | high[1]) & 0x8080_8080_8080_8080 != 0 { break }
      at &+= 64
    }
    while at &+ 8 <= count {
      let word = start.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      let flags = UInt64(littleEndian: word) & 0x8080_8080_8080_8080
      if flags != 0 { return at &+ flags.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < count, start.load(fromByteOffset: at, as: UInt8.self) < 0x80 { at &+= 1 }
    return at
  }
}

/// Whether bytes are well-formed UTF-8.
public enum UTF8Text {
  /// True for well-formed UTF-8 from beginning to end.
  public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool { UTF8Check.isValid(bytes) }
}
