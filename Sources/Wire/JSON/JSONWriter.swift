public import Base

/// Writes one JSON text into a `ByteBuffer`, compact, printed as Python's
/// `json.dumps(ensure_ascii=False, separators=(",", ":"))` prints it.
///
/// Commas and colons come by themselves; the caller sees to the nesting:
///
///     writer.beginObject(); writer.key("px"); writer.double(1.5); writer.endObject()   // {"px":1.5}
///
/// Invariant: what comes out is valid JSON and valid UTF-8 whatever bytes strings are given (bytes that are not
/// UTF-8 become U+FFFD). Bound: the buffer's owner's.
public struct JSONWriter {
  /// Where the text goes.
  public let buffer: ByteBuffer
  @usableFromInline var needsComma = false

  /// A writer that appends to `buffer`.
  @inlinable
  public init(into buffer: ByteBuffer) { self.buffer = buffer }

  @inlinable
  @inline(__always)
  mutating func separate() {
    if needsComma { buffer.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Begins an object.
  @inlinable
  public mutating func beginObject() { open(UInt8(ascii: "{")) }

  /// Ends the object begun last.
  @inlinable
  public mutating func endObject() { close(UInt8(ascii: "}")) }

  /// Begins an array.
  @inlinable
  public mutating func beginArray() { open(UInt8(ascii: "[")) }

  /// Ends the array begun last.
  @inlinable
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  @inlinable
  mutating func open(_ bracket: UInt8) {
    separate()
    buffer.append(bracket)
    needsComma = false
  }

  @inlinable
  mutating func close(_ bracket: UInt8) {
    buffer.append(bracket)
    needsComma = true
  }

  /// Writes a key that needs no escaping (checked in debug builds only).
  @inlinable
  public mutating func key(_ name: StaticString) {
    assert(JSONWriter.isPlain(name))
    separate()
    buffer.append(UInt8(ascii: "\""))
    buffer.append(name)
    buffer.append("\":")
    needsComma = false
  }

  /// Writes a key made of any bytes (a coin's name).
  public mutating func key(_ name: UnsafeRawBufferPointer) {
    string(name)
    buffer.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a key made of any text; for rare paths. (Disfavoured, so that a literal is a `StaticString`.)
  @_disfavoredOverload
  public mutating func key(_ name: String) {
    string(name)
    buffer.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string that needs no escaping (checked in debug builds only).
  @inlinable
  public mutating func string(_ text: StaticString) {
    assert(JSONWriter.isPlain(text))
    separate()
    buffer.append(UInt8(ascii: "\""))
    buffer.append(text)
    buffer.append(UInt8(ascii: "\""))
  }

  /// Writes a string of any bytes, escaped.
  public mutating func string(_ bytes: UnsafeRawBufferPointer) {
    separate()
    buffer.append(UInt8(ascii: "\""))
    JSONWriter.appendEscaped(bytes, to: buffer)
    buffer.append(UInt8(ascii: "\""))
  }

  /// Writes a string; for rare paths. (Disfavoured, so that a literal is a `StaticString`.)
  @_disfavoredOverload
  public mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
  }

  /// Writes an integer.
  public mutating func int(_ value: Int64) {
    separate()
    if value < 0 { buffer.append(UInt8(ascii: "-")) }
    DoubleText.appendDigits(value.magnitude, to: buffer)
  }

  /// Writes an integer.
  public mutating func int(_ value: Int) { int(Int64(value)) }

  /// Writes an integer that is not negative.
  public mutating func uint(_ value: UInt64) {
    separate()
    DoubleText.appendDigits(value, to: buffer)
  }

  /// Writes a double as Python's `repr` does; `value` must be finite.
  public mutating func double(_ value: Double) {
    separate()
    DoubleText.append(value, to: buffer)
  }

  /// Writes `raw` × 10^-`scale`, rounded half-even to `places` decimals, as the float it equals (`6.5`, `100.0`).
  public mutating func decimal(raw: Int64, scale: Int, places: Int) {
    separate()
    DoubleText.appendDecimal(raw: raw, scale: scale, places: places, to: buffer)
  }

  /// Writes `true` or `false`.
  @inlinable
  public mutating func bool(_ value: Bool) {
    separate()
    if value { buffer.append("true") } else { buffer.append("false") }
  }

  /// Writes `null`.
  @inlinable
  public mutating func null() {
    separate()
    buffer.append("null")
  }

  /// Writes a value that is already JSON.
  @inlinable
  public mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    buffer.append(json)
  }

  /// Writes a value that is already JSON.
  @inlinable
  public mutating func raw(_ json: StaticString) {
    separate()
    buffer.append(json)
  }

  @usableFromInline
  static func isPlain(_ text: StaticString) -> Bool {
    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).allSatisfy {
      $0 >= 0x20 && $0 < 0x80 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
  }
}

extension JSONWriter {
  /// Appends `bytes` as they must stand between the quotes of a JSON string.
  public static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to buffer: ByteBuffer) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    var plainFrom = 0
    var at = 0
    func flush(_ upTo: Int) {
      buffer.append(UnsafeRawBufferPointer(start: base + plainFrom, count: upTo - plainFrom))
    }
    while at < bytes.count {
      let byte = base[at]
      if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        at += 1
        continue
      }
      if byte >= 0x80 {
        let length = utf8SequenceLength(base + at, bytes.count - at)
        if length > 0 {
          at += length
          continue
        }
      }
      flush(at)
      appendEscape(byte, to: buffer)
      at += 1
      plainFrom = at
    }
    flush(bytes.count)
  }

  /// What stands for one byte that may not stand for itself.
  private static func appendEscape(_ byte: UInt8, to buffer: ByteBuffer) {
    switch byte {
    case UInt8(ascii: "\""): buffer.append("\\\"")
    case UInt8(ascii: "\\"): buffer.append("\\\\")
    case 8: buffer.append("\\b")
    case 9: buffer.append("\\t")
    case 10: buffer.append("\\n")
    case 12: buffer.append("\\f")
    case 13: buffer.append("\\r")
    case 0x80...: buffer.append("\u{FFFD}")
    default:
      buffer.append("\\u00")
      for digit in [byte >> 4, byte & 0xF] {
        buffer.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }
}
