/// The head of one HTTP/1.1 answer, written in front of a body whose length is not known yet.
///
/// `begin` writes the head with a gap for the length, the body is written straight behind it, `end` fills the
/// gap; nothing is copied. For HEAD the body is written, measured and dropped. Bound: bodies below 10^10 bytes.
import Base

struct ResponseFrame {
  enum ContentType {
    case json
    case html
    case none
  }

  let buffer: ByteBuffer
  private let keepAlive: Bool
  private let isHead: Bool
  private var lengthAt = -1
  private var bodyAt = 0

  /// An answer to be appended to `buffer`.
  init(into buffer: ByteBuffer, keepAlive: Bool, isHead: Bool) {
    self.buffer = buffer
    self.keepAlive = keepAlive
    self.isHead = isHead
  }

  /// Digits reserved for the length; unused ones are leading blanks, which HTTP allows before a value.
  private static let lengthDigits = 10

  /// Writes the head; `extra` is one more header's name and value.
  mutating func begin(
    _ status: Int, _ type: ContentType, extra: (name: StaticString, value: UnsafeRawBufferPointer)? = nil
  ) {
    buffer.append(ResponseFrame.statusLine(status))
    switch type {
    case .json: buffer.append("content-type: application/json\r\n")
    case .html: buffer.append("content-type: text/html; charset=utf-8\r\n")
    case .none: break
    }
    if let extra {
      buffer.append(extra.name)
      buffer.append(": ")
      buffer.append(extra.value)
      buffer.append("\r\n")
    }
    if !keepAlive { buffer.append("connection: close\r\n") }
    buffer.append("content-length:           ")
    lengthAt = buffer.count
    buffer.append("\r\n\r\n")
    bodyAt = buffer.count
  }

  /// Fills in the length.
  mutating func end() {
    precondition(lengthAt >= 0, "a handler answered nothing")
    var left = buffer.count - bodyAt
    var at = lengthAt - 1
    repeat {
      (buffer.base + at).storeBytes(of: UInt8(ascii: "0") + UInt8(left % 10), as: UInt8.self)
      left /= 10
      at -= 1
    } while left > 0
    if isHead { buffer.truncate(to: bodyAt) }
    lengthAt = -1
  }

  private static func statusLine(_ status: Int) -> StaticString {
    switch status {
    case 200: "HTTP/1.1 200 OK\r\n"
    case 307: "HTTP/1.1 307 Temporary Redirect\r\n"
    case 400: "HTTP/1.1 400 Bad Request\r\n"
    case 401: "HTTP/1.1 401 Unauthorized\r\n"
    case 404: "HTTP/1.1 404 Not Found\r\n"
    case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
    case 408: "HTTP/1.1 408 Request Timeout\r\n"
    case 413: "HTTP/1.1 413 Content Too Large\r\n"
    case 414: "HTTP/1.1 414 URI Too Long\r\n"
    case 417: "HTTP/1.1 417 Expectation Failed\r\n"
    case 421: "HTTP/1.1 421 Misdirected Request\r\n"
    case 422: "HTTP/1.1 422 Unprocessable Content\r\n"
    case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case 501: "HTTP/1.1 501 Not Implemented\r\n"
    case 503: "HTTP/1.1 503 Service Unavailable\r\n"
    case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    default: "HTTP/1.1 400 Bad Request\r\n"
    }
  }
}
