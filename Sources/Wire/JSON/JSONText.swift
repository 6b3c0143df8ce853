public import Base

/// A string's text as it lies between its quotes in the message: validated, not yet unescaped.
///
/// Borrowed: valid as long as the message's bytes. Most strings hold no escape, and then `bytes` are the text.
@frozen
public struct JSONText {
  @usableFromInline let start: UnsafePointer<UInt8>
  @usableFromInline let length: UInt32
  /// Whether a backslash occurs, so that `bytes` differ from the text they stand for.
  public let hasEscapes: Bool

  @inlinable
  init(start: UnsafePointer<UInt8>, count: Int, hasEscapes: Bool) {
    self.start = start
    self.length = UInt32(truncatingIfNeeded: count)
    self.hasEscapes = hasEscapes
  }

  /// Bytes between the quotes.
  @inlinable public var count: Int { Int(length) }

  /// The bytes between the quotes, escapes as written.
  @inlinable public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: Int(length))
  }

  /// Whether the text is `name`; written escapes count as what they stand for. `name` must be ASCII.
  @inlinable
  @inline(__always)
  public func `is`(_ name: StaticString) -> Bool {
    if hasEscapes { return isEscaped(name) }
    let n = name.utf8CodeUnitCount
    guard Int(length) == n else { return false }
    let a = UnsafeRawPointer(start)
    let b = UnsafeRawPointer(name.utf8Start)
    if n >= 8 {
      var at = 0
      while at + 8 <= n {
        if a.loadUnaligned(fromByteOffset: at, as: UInt64.self)
          != b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        {
          return false
        }
        at += 8
      }
      return a.loadUnaligned(fromByteOffset: n - 8, as: UInt64.self)
        == b.loadUnaligned(fromByteOffset: n - 8, as: UInt64.self)
    }
    if n >= 4 {
      return a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
        && a.loadUnaligned(fromByteOffset: n - 4, as: UInt32.self)
          == b.loadUnaligned(fromByteOffset: n - 4, as: UInt32.self)
    }
    if n >= 2 {
      return a.loadUnaligned(as: UInt16.self) == b.loadUnaligned(as: UInt16.self)
        && a.loadUnaligned(fromByteOffset: n - 2, as: UInt16.self)
          == b.loadUnaligned(fromByteOffset: n - 2, as: UInt16.self)
    }
    return n == 0 || a.load(as: UInt8.self) == b.load(as: UInt8.self)
  }

  @usableFromInline
  @inline(never)
  func isEscaped(_ name: StaticString) -> Bool {
    guard count >= name.utf8CodeUnitCount, count <= name.utf8CodeUnitCount * 6 else { return false }
    let plain = ByteBuffer(capacity: count)
    append(to: plain)
    return plain.bytes.elementsEqual(
      UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
  }

  /// Appends the text, escapes resolved, as UTF-8.
  public func append(to buffer: ByteBuffer) {
    guard hasEscapes else { return buffer.append(bytes) }
    let out = buffer.reserve(count).assumingMemoryBound(to: UInt8.self)
    var written = 0
    var at = 0
    while at < count {
      guard start[at] == UInt8(ascii: "\\") else {
        out[written] = start[at]
        written += 1
        at += 1
        continue
      }
      let escaped = start[at + 1]
      at += 2
      if escaped == UInt8(ascii: "u") {
        var scalar = JSONText.hex4(start + at)
        at += 4
        if scalar & 0xFC00 == 0xD800 {
          scalar = 0x10000 + ((scalar & 0x3FF) << 10 | JSONText.hex4(start + at + 2) & 0x3FF)
          at += 6
        }
        written += JSONText.encode(scalar, out + written)
      } else {
        out[written] = JSONText.plain(escaped)
        written += 1
      }
    }
    buffer.commit(written)
  }

  /// The text as a `String`; for rare paths.
  public var string: String {
    guard hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
    let plain = ByteBuffer(capacity: count)
    append(to: plain)
    return String(decoding: plain.bytes, as: UTF8.self)
  }

  /// What the letter of a two-character escape stands for.
  private static func plain(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 8
    case UInt8(ascii: "f"): 12
    case UInt8(ascii: "n"): 10
    case UInt8(ascii: "r"): 13
    case UInt8(ascii: "t"): 9
    default: letter
    }
  }

  /// The value of four validated hex digits.
  private static func hex4(_ digits: UnsafePointer<UInt8>) -> UInt32 {
    var value: UInt32 = 0
    for i in 0..<4 {
      let digit = digits[i]
      value = value << 4 | UInt32(digit & 0xF) + (digit >= 0x40 ? 9 : 0)
    }
    return value
  }

  /// Writes a scalar as UTF-8 and answers how many bytes that took; never more than its escape.
  private static func encode(_ scalar: UInt32, _ out: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3F)) }
    if scalar < 0x80 {
      out[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    }
    if scalar < 0x800 {
      out[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
      out[1] = tail(0)
      return 2
    }
    if scalar < 0x10000 {
      out[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
      out[1] = tail(6)
      out[2] = tail(0)
      return 3
    }
    out[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
    out[1] = tail(12)
    out[2] = tail(6)
    out[3] = tail(0)
    return 4
  }
}
