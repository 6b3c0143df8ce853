/// Answers written into a buffer: head, body straight behind it, and the length filled in at the end.
///
/// `content-length` is the last header, with room for ten digits in front of which blanks remain (RFC 9112 §5.1
/// allows them); so nothing is copied and one `end` patches up to ten bytes. Bound: bodies below 10^10 bytes.
/// For HEAD the body is written, measured and dropped, so HEAD and GET cannot tell different lengths.
/// Invariant: between `beginBody` and `end` only this answer's body is appended to the buffer.
public import Base

/// One answer. Use: `begin`, any number of `header`, `beginBody`, write the body into `buffer`, `end`.
public struct HTTPResponseWriter {
  /// What a body is.
  public enum ContentType: Hashable, Sendable {
    /// `application/json`
    case json
    /// `text/html; charset=utf-8`
    case html
    /// `text/plain; charset=utf-8`
    case text
    /// `text/plain; version=0.0.4; charset=utf-8`, the metrics text format.
    case metrics
    /// No `content-type` line.
    case none

    var line: StaticString {
      switch self {
      case .json: "content-type: application/json\r\n"
      case .html: "content-type: text/html; charset=utf-8\r\n"
      case .text: "content-type: text/plain; charset=utf-8\r\n"
      case .metrics: "content-type: text/plain; version=0.0.4; charset=utf-8\r\n"
      case .none: ""
      }
    }
  }

  /// Where the answer goes.
  public let buffer: ByteBuffer
  private let keepAlive: Bool
  private let isHead: Bool
  private let isOneZero: Bool
  private var hasNoBody = false
  private var lengthEnd = -1
  private var bodyAt = -1

  /// An answer appended to `buffer`. `keepAlive`: whether the connection stays open behind it; `isHead`: whether
  /// the request was HEAD; `minorVersion`: the request's, since HTTP/1.0 is told when the connection stays.
  public init(into buffer: ByteBuffer, keepAlive: Bool, isHead: Bool, minorVersion: Int = 1) {
    self.buffer = buffer
    self.keepAlive = keepAlive
    self.isHead = isHead
    isOneZero = minorVersion == 0
  }

  /// Digits of the longest length.
  private static let lengthDigits = 10

  /// Writes status line and `content-type`. `status` is one of `HTTPStatus`, else 500 is written.
  @inline(__always)
  public mutating func begin(_ status: Int, _ type: ContentType) {
    hasNoBody = status == 204 || status == 304 || status < 200
    buffer.append(HTTPStatus.line(status))
    if !hasNoBody { buffer.append(type.line) }
  }

  /// Adds a header; CR, LF and NUL in `value` become blanks, so that no value can end the head.
  public mutating func header(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    buffer.append(name)
    buffer.append(": ")
    let from = buffer.count
    buffer.append(value)
    for index in from..<buffer.count {
      let byte = buffer.base.load(fromByteOffset: index, as: UInt8.self)
      if byte < 0x20 || byte == 0x7F { buffer.base.storeBytes(of: 0x20, toByteOffset: index, as: UInt8.self) }
    }
    buffer.append("\r\n")
  }

  /// Adds a header that is known when the program is written.
  public mutating func header(_ name: StaticString, _ value: StaticString) {
    buffer.append(name)
    buffer.append(": ")
    buffer.append(value)
    buffer.append("\r\n")
  }

  /// Ends the head; the body follows.
  public mutating func beginBody() {
    if !keepAlive {
      buffer.append("connection: close\r\n")
    } else if isOneZero {
      buffer.append("connection: keep-alive\r\n")
    }
    if hasNoBody {
      buffer.append("\r\n")
    } else {
      buffer.append(HTTPResponseWriter.lengthLine)
      lengthEnd = buffer.count - HTTPResponseWriter.headEnd
    }
    bodyAt = buffer.count
  }

  /// The last header, with room for `lengthDigits`, and the head's end.
  private static let lengthLine: StaticString = "content-length:           \r\n\r\n"
  /// Bytes behind the length.
  private static let headEnd = 4

  // MARK: Second thoughts about a body that is written

  /// The body written so far; valid until the next call that appends.
  public var body: UnsafeRawBufferPointer {
    bodyAt < 0
      ? UnsafeRawBufferPointer(start: nil, count: 0) : buffer.bytes(in: bodyAt..<buffer.count)
  }

  /// Adds header lines, each with its CRLF, in front of the body, which moves.
  public mutating func insert(_ lines: StaticString) {
    guard lengthEnd >= 0 else { return }
    let count = lines.utf8CodeUnitCount
    let at = bodyAt - HTTPResponseWriter.lengthLine.utf8CodeUnitCount
    let tail = buffer.count - at
    _ = buffer.reserve(count)
    (buffer.base + at + count).copyMemory(from: buffer.base + at, byteCount: tail)
    (buffer.base + at).copyMemory(from: lines.utf8Start, byteCount: count)
    buffer.commit(count)
    lengthEnd += count
    bodyAt += count
  }

  /// Adds header lines, each with its CRLF, and puts `body`, which must not lie inside `buffer`, in place of the
  /// one written.
  public mutating func replaceBody(_ body: UnsafeRawBufferPointer, adding lines: StaticString) {
    guard lengthEnd >= 0 else { return }
    buffer.truncate(to: bodyAt)
    insert(lines)
    buffer.append(body)
  }

  /// Ends the body: fills in its length, and drops it for HEAD and for statuses without one.
  public mutating func end() {
    precondition(bodyAt >= 0 && buffer.count >= bodyAt, "an answer ended before its body began")
    let length = buffer.count - bodyAt
    if lengthEnd >= 0 {
      precondition(length < 10_000_000_000, "a body above its bound")
      var left = length
      var at = lengthEnd &- 1
      repeat {
        let digit = UInt8(truncatingIfNeeded: left % 10) &+ UInt8(ascii: "0")
        buffer.base.storeBytes(of: digit, toByteOffset: at, as: UInt8.self)
        left /= 10
        at &-= 1
      } while left > 0
    }
    if isHead || hasNoBody { buffer.truncate(to: bodyAt) }
    lengthEnd = -1
    bodyAt = -1
  }

  /// Takes back everything written since `mark`, the buffer's count before `begin`: an answer that turned into
  /// another while it was written.
  public mutating func restart(at mark: Int) {
    buffer.truncate(to: mark)
    lengthEnd = -1
    bodyAt = -1
    hasNoBody = false
  }

  /// Appends the interim answer an `expect: 100-continue` waits for.
  public static func writeContinue(into buffer: ByteBuffer) { buffer.append("HTTP/1.1 100 Continue\r\n\r\n") }
}

/// Status lines.
public enum HTTPStatus {
  /// The status line of `status` with its CRLF; of 500 when it is none the daemon uses.
  public static func line(_ status: Int) -> StaticString {
    switch status {
    case 100: "HTTP/1.1 100 Continue\r\n"
    case 101: "HTTP/1.1 101 Switching Protocols\r\n"
    case 200: "HTTP/1.1 200 OK\r\n"
    case 204: "HTTP/1.1 204 No Content\r\n"
    case 301: "HTTP/1.1 301 Moved Permanently\r\n"
    case 304: "HTTP/1.1 304 Not Modified\r\n"
    case 307: "HTTP/1.1 307 Temporary Redirect\r\n"
    case 400: "HTTP/1.1 400 Bad Request\r\n"
    case 401: "HTTP/1.1 401 Unauthorized\r\n"
    case 403: "HTTP/1.1 403 Forbidden\r\n"
    case 404: "HTTP/1.1 404 Not Found\r\n"
    case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
    case 408: "HTTP/1.1 408 Request Timeout\r\n"
    case 413: "HTTP/1.1 413 Content Too Large\r\n"
    case 414: "HTTP/1.1 414 URI Too Long\r\n"
    case 415: "HTTP/1.1 415 Unsupported Media Type\r\n"
    case 417: "HTTP/1.1 417 Expectation Failed\r\n"
    case 421: "HTTP/1.1 421 Misdirected Request\r\n"
    case 422: "HTTP/1.1 422 Unprocessable Content\r\n"
    case 426: "HTTP/1.1 426 Upgrade Required\r\n"
    case 429: "HTTP/1.1 429 Too Many Requests\r\n"
    case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case 501: "HTTP/1.1 501 Not Implemented\r\n"
    case 502: "HTTP/1.1 502 Bad Gateway\r\n"
    case 503: "HTTP/1.1 503 Service Unavailable\r\n"
    case 504: "HTTP/1.1 504 Gateway Timeout\r\n"
    case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    default: "HTTP/1.1 500 Internal Server Error\r\n"
    }
  }
}
