/// Joins the chunks of a body (RFC 9112 §7.1) as their bytes arrive.
///
/// Extensions and trailers are checked and thrown away. Bounds: the body, the bytes of all extensions, digits of
/// a size, bytes and number of trailer lines. State is a few words; every byte is looked at once.
import Base

struct HTTPChunks {
  private enum State {
    case size
    case extensions
    case sizeLF
    case data
    case dataCR
    case dataLF
    case lineStart
    case name
    case value
    case valueLF
    case lastLF
    case done
  }

  private var state = State.size
  /// Bytes of the chunk at hand that have not come.
  private var remaining = 0
  private var digits = 0
  private var extensionBytes = 0
  private var trailerBytes = 0
  private var trailers = 0

  /// Whether any byte of the body has been taken.
  var hasBegun: Bool { state != .size || digits > 0 }
  /// Whether the last byte of the body has been taken.
  var isDone: Bool { state == .done }

  /// Takes bytes until the body ends or `bytes` does, appending data to `body`; answers how many it took.
  /// `limits` are what is left to this body; `fieldsSoFar` are the header lines in front of it.
  mutating func take(
    _ bytes: UnsafeRawBufferPointer, into body: ByteBuffer, _ limits: HTTPLimits, fieldsSoFar: Int
  ) throws(HTTPError) -> Int {
    var at = 0
    while at < bytes.count, state != .done {
      if state == .data {
        let length = min(remaining, bytes.count - at)
        body.append(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + length)]))
        remaining -= length
        at += length
        if remaining == 0 { state = .dataCR }
        continue
      }
      let byte = bytes[at]
      at += 1
      switch state {
      case .size, .extensions, .sizeLF: try takeSize(byte, body.count, limits)
      case .dataCR: try expect(byte, HTTPText.cr, .dataLF, .chunkEnd)
      case .dataLF:
        try expect(byte, HTTPText.lf, .size, .chunkEnd)
        digits = 0
      default: try takeTrailer(byte, limits, fieldsSoFar)
      }
    }
    return at
  }

  private mutating func takeSize(_ byte: UInt8, _ taken: Int, _ limits: HTTPLimits) throws(HTTPError) {
    switch state {
    case .size:
      let value = HTTPText.hexValue(byte)
      if value >= 0 {
        digits += 1
        // `remaining` is at most bodyMax here, so the shift stays far inside Int.
        remaining = remaining << 4 | value
        if digits > HTTPLimits.chunkSizeDigitsMax { throw HTTPError(.chunkSize) }
        if remaining > limits.bodyMax - taken { throw HTTPError(.bodyTooLarge) }
      } else if digits > 0, byte == HTTPText.cr {
        state = .sizeLF
      } else if digits > 0, byte == UInt8(ascii: ";") {
        state = .extensions
      } else {
        throw HTTPError(.chunkSize)
      }
    case .extensions:
      if byte == HTTPText.cr {
        state = .sizeLF
      } else {
        extensionBytes += 1
        let isText = byte >= 0x20 && byte != 0x7F || byte == HTTPText.tab
        guard isText, extensionBytes <= HTTPLimits.extensionBytesMax else {
          throw HTTPError(.chunkExtension)
        }
      }
    default:
      try expect(byte, HTTPText.lf, remaining == 0 ? .lineStart : .data, .chunkSize)
    }
  }

  private mutating func takeTrailer(
    _ byte: UInt8, _ limits: HTTPLimits, _ fieldsSoFar: Int
  ) throws(HTTPError) {
    trailerBytes += 1
    if trailerBytes > limits.fieldBytesMax { throw HTTPError(.fieldsTooLarge) }
    switch state {
    case .lineStart:
      if byte == HTTPText.cr {
        state = .lastLF
      } else {
        if HTTPText.isBlank(byte) { throw HTTPError(.foldedField) }
        guard HTTPText.isToken(byte) else { throw HTTPError(.fieldName) }
        trailers += 1
        if trailers + fieldsSoFar > limits.fieldsMax { throw HTTPError(.tooManyFields) }
        state = .name
      }
    case .name:
      if byte == HTTPText.colon {
        state = .value
      } else if !HTTPText.isToken(byte) {
        throw HTTPError(.fieldName)
      }
    case .value:
      if byte == HTTPText.cr {
        state = .valueLF
      } else if byte < 0x20 && byte != HTTPText.tab || byte == 0x7F {
        throw HTTPError(byte == HTTPText.lf ? .bareLF : .controlByte)
      }
    case .valueLF: try expect(byte, HTTPText.lf, .lineStart, .bareCR)
    default: try expect(byte, HTTPText.lf, .done, .bareCR)
    }
  }

  private mutating func expect(
    _ byte: UInt8, _ wanted: UInt8, _ next: State, _ problem: HTTPError.Problem
  ) throws(HTTPError) {
    guard byte == wanted else { throw HTTPError(problem) }
    state = next
  }
}
