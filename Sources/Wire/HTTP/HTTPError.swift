/// Why bytes were refused as HTTP/1.1, and the bounds that lead to refusals.
///
/// Refusals are strict where leniency is how request smuggling works: two readers of one byte stream must never
/// see different requests (RFC 9112 §2.2, §5, §6.3, §7.1, §11.2).

/// A message that is not accepted; the connection it came on must be closed behind the answer.
public struct HTTPError: Error, Hashable, Sendable {
  /// What is wrong.
  public let problem: Problem

  /// The refusal for `problem`.
  public init(_ problem: Problem) { self.problem = problem }

  /// What can be wrong.
  public enum Problem: UInt8, Hashable, Sendable, CaseIterable {
    /// The request line is not `METHOD SP target SP HTTP/x.y`.
    case requestLine
    /// The status line of an answer is not `HTTP/x.y SP 3digits SP reason`.
    case statusLine
    /// The target is none of RFC 9112 §3.2, or has a byte no URI has.
    case target
    /// The request line is longer than its bound.
    case targetTooLong
    /// An HTTP version other than 1.0 and 1.1.
    case version
    /// CR that no LF follows.
    case bareCR
    /// LF without CR before it.
    case bareLF
    /// NUL or another control byte in the head.
    case controlByte
    /// A header line that continues the one before it (obs-fold).
    case foldedField
    /// A header line without colon, without name, or with a name that is no token.
    case fieldName
    /// All header lines together are above their bound.
    case fieldsTooLarge
    /// More header lines than the bound.
    case tooManyFields
    /// HTTP/1.1 without `host`.
    case hostMissing
    /// More than one `host`.
    case hostRepeated
    /// A `host` that is no authority.
    case host
    /// `content-length` is not one decimal number.
    case contentLength
    /// More than one `content-length`.
    case contentLengthRepeated
    /// `content-length` beside `transfer-encoding`.
    case contentLengthWithEncoding
    /// `transfer-encoding` other than exactly `chunked`, repeated, or in HTTP/1.0.
    case transferEncoding
    /// A chunk size that is no hexadecimal number.
    case chunkSize
    /// Chunk data not followed by CRLF.
    case chunkEnd
    /// Chunk extensions above their bound or malformed.
    case chunkExtension
    /// The body is above its bound.
    case bodyTooLarge
    /// `expect` other than `100-continue`.
    case expectation
    /// Too many unread bytes wait behind a request in hand.
    case backlogTooLarge
    /// The request did not arrive in time. Never thrown by a parser, which has no clock; for its owner.
    case timeout
    /// More interim answers than the bound.
    case tooManyInterim
    /// The peer ended in the middle of a message.
    case truncated
  }

  /// The status to answer with.
  public var status: Int {
    switch problem {
    case .targetTooLong: 414
    case .version: 505
    case .fieldsTooLarge, .tooManyFields: 431
    case .bodyTooLarge, .backlogTooLarge: 413
    case .expectation: 417
    case .timeout: 408
    case .statusLine, .tooManyInterim: 502
    default: 400
    }
  }

  /// One sentence for the answer's body.
  public var reason: StaticString {
    switch problem {
    case .requestLine: "Malformed request line"
    case .statusLine: "Malformed status line"
    case .target: "Malformed request target"
    case .targetTooLong: "Request target too long"
    case .version: "HTTP version not supported"
    case .bareCR: "CR without LF"
    case .bareLF: "LF without CR"
    case .controlByte: "Control byte in the head"
    case .foldedField: "Folded header line"
    case .fieldName: "Malformed header line"
    case .fieldsTooLarge: "Headers too large"
    case .tooManyFields: "Too many headers"
    case .hostMissing: "Host header missing"
    case .hostRepeated: "Host header repeated"
    case .host: "Malformed Host header"
    case .contentLength: "Malformed Content-Length"
    case .contentLengthRepeated: "Content-Length repeated"
    case .contentLengthWithEncoding: "Content-Length with Transfer-Encoding"
    case .transferEncoding: "Transfer-Encoding not supported"
    case .chunkSize: "Malformed chunk size"
    case .chunkEnd: "Malformed chunk"
    case .chunkExtension: "Chunk extension not accepted"
    case .bodyTooLarge: "Body too large"
    case .expectation: "Expectation not supported"
    case .backlogTooLarge: "Too many requests in flight"
    case .timeout: "Request not received in time"
    case .tooManyInterim: "Too many interim answers"
    case .truncated: "Connection ended in the middle of a message"
    }
  }
}

/// Bounds of one message. Overflow policy: the message is refused with the status named.
public struct HTTPLimits: Hashable, Sendable {
  /// Bytes of the first line with its CRLF (414).
  public var requestLineMax = 8 * 1024
  /// Bytes of all header lines, trailers included, with their CRLFs (431).
  public var fieldBytesMax = 16 * 1024
  /// Header lines, trailers included (431).
  public var fieldsMax = 64
  /// Bytes of a body after chunks are joined (413).
  public var bodyMax = 64 * 1024
  /// Unread bytes that may wait while the owner does not ask for the next request (413).
  public var backlogMax = 256 * 1024

  /// The defaults above.
  public init() {}

  /// Bytes of chunk extensions in one body (400).
  static let extensionBytesMax = 1024
  /// Digits of one chunk size (400).
  static let chunkSizeDigitsMax = 16

  /// Offsets into a head are stored in 16 bits; a body bound times 16 must stay an `Int`.
  func check() {
    precondition(requestLineMax > 16 && fieldBytesMax >= 2 && requestLineMax + fieldBytesMax < 65_536)
    precondition(fieldsMax > 0 && fieldsMax <= 1024)
    precondition(bodyMax >= 0 && bodyMax < 1 << 40 && backlogMax >= 0)
  }
}
