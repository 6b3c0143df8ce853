/// One complete request as views into the bytes it came in.

/// A request: head and body, checked.
///
/// Borrowed: every view is valid until the parser that made it is used again (`next`, `feed`, `hold`), and no
/// longer than the bytes that were fed.
public struct HTTPRequest {
  /// The method.
  public let method: HTTPMethod
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  public let minorVersion: Int
  /// Whether the connection stays open behind the answer, as far as the client decides it.
  public let keepAlive: Bool
  /// Whether the client asks to change protocols (`connection: upgrade`); see the `upgrade` header for which.
  public let wantsUpgrade: Bool
  /// The method as sent.
  public let methodText: UnsafeRawBufferPointer
  /// The path as sent, still percent-encoded, without query: starts with `/`, or is `*` (OPTIONS), or is what
  /// CONNECT names. Only bytes 0x21…0x7E, no `#`.
  public let path: UnsafeRawBufferPointer
  /// What follows the first `?`, still encoded; empty when there is none.
  public let query: UnsafeRawBufferPointer
  /// Where the request is addressed: the authority of an absolute target, else the `host` header; `nil` when
  /// HTTP/1.0 sent neither. Syntactically a host with an optional port, or empty.
  public let host: UnsafeRawBufferPointer?
  /// The header lines.
  public let fields: HTTPFields
  /// The body with chunks joined; empty when there is none.
  public let body: UnsafeRawBufferPointer
  /// Whether a body was announced, be it empty (`content-length: 0` or chunks).
  public let hasBody: Bool
}

/// What `HTTPRequestParser.next` has to say.
public enum HTTPRequestEvent {
  /// Nothing before more bytes are fed.
  case needMore
  /// The client waits for `HTTP/1.1 100 Continue` before it sends the body (RFC 9110 §10.1.1): write it
  /// (`HTTPResponseWriter.writeContinue`) or answer and close. Said at most once per request.
  case expectsContinue
  /// A complete request.
  case request(HTTPRequest)
}
