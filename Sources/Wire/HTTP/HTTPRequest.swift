/// One complete request as views into the bytes it came in. Kept small (offsets, not views): it is copied per request.

/// A request: head and body, checked.
///
/// Borrowed: every view is valid until the parser that made it is used again (`next`, `feed`, `hold`), and no
/// longer than the bytes that were fed.
public struct HTTPRequest {
  /// The header lines.
  public let fields: HTTPFields
  let bodyStart: UnsafeRawPointer
  let bodyCount: Int
  let line: HTTPRequestLine
  /// Offset and length of the host; offset 0 when there is none, since a head starts with its method.
  let hostAt: UInt16
  let hostLength: UInt16
  /// Whether the connection stays open behind the answer, as far as the client decides it.
  public let keepAlive: Bool
  /// Whether the client asks to change protocols (`connection: upgrade`); see the `upgrade` header for which.
  public let wantsUpgrade: Bool
  /// Whether a body was announced, be it empty (`content-length: 0` or chunks).
  public let hasBody: Bool

  /// The method.
  public var method: HTTPMethod { line.method }
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  public var minorVersion: Int { Int(line.minorVersion) }
  /// The method as sent.
  public var methodText: UnsafeRawBufferPointer { view(0, line.methodLength) }
  /// The path as sent, still percent-encoded, without query: starts with `/`, or is `*` (OPTIONS), or is what
  /// CONNECT names. Only bytes 0x21…0x7E, no `#`.
  public var path: UnsafeRawBufferPointer {
    // An absolute target without a path means the root (RFC 9112 §3.2.2).
    line.pathLength > 0 ? view(line.pathAt, line.pathLength) : HTTPRequest.root
  }
  /// What follows the first `?`, still encoded; empty when there is none.
  public var query: UnsafeRawBufferPointer { view(line.queryAt, line.queryLength) }
  /// Where the request is addressed: the authority of an absolute target, else the `host` header; `nil` when
  /// HTTP/1.0 sent neither. Syntactically a host with an optional port, or empty.
  public var host: UnsafeRawBufferPointer? { hostAt > 0 ? view(hostAt, hostLength) : nil }
  /// The body with chunks joined; empty when there is none.
  public var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bodyStart, count: bodyCount) }

  private func view(_ at: UInt16, _ length: UInt16) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: fields.head + Int(at), count: Int(length))
  }

  private static var root: UnsafeRawBufferPointer {
    let slash: StaticString = "/"
    return UnsafeRawBufferPointer(start: slash.utf8Start, count: 1)
  }
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
