/// The words of HTTP requests made with `Transfers`: what is asked, what came, why nothing came.
public import Base

/// One request.
public struct TransferRequest: Sendable {
  /// GET, or POST with a body.
  public enum Method: Sendable {
    /// No body is sent.
    case get
    /// The body is sent as it is; give its `content-type` among the headers.
    case post
  }

  /// GET or POST.
  public var method: Method
  /// `http://` or `https://`; anything else fails as `.malformed`.
  public var url: String
  /// Whole header lines ("content-type: application/json").
  public var headers: [String]
  /// The time for everything: waiting for a connection, connecting, sending, the whole reply.
  public var deadline: TimeSpan
  /// The time for lookup, TCP and TLS.
  public var connectDeadline: TimeSpan

  /// A request with the usual deadlines of 10 s, 5 s of them for connecting.
  public init(
    _ method: Method, url: String, headers: [String] = [], deadline: TimeSpan = .seconds(10),
    connectDeadline: TimeSpan = .seconds(5)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.deadline = deadline
    self.connectDeadline = connectDeadline
  }

  /// Whether the URL asks for TLS; schemes are case-insensitive.
  var isEncrypted: Bool { url.prefix(6).lowercased() == "https:" }
}

/// A reply, whatever its status. `body` is borrowed: valid during the owner's call, with `Loop.slackBytes`
/// readable bytes behind it; already decompressed.
public struct TransferReply {
  /// 200, 429, 500, …
  public let status: Int
  /// The whole body, at most `TransferOptions.bodyMax` bytes.
  public let body: UnsafeRawBufferPointer
  /// Seconds from a Retry-After header (number or date); nil without one.
  public let retryAfterS: Int?
  /// Whether the request went over a connection that was already open.
  public let reusedConnection: Bool
  /// Whether it went over HTTP/2.
  public let isHTTP2: Bool
}

/// Why there is no reply. Texts are for people; decide by the case.
public enum TransferFailure: Hashable, Sendable, CustomStringConvertible {
  /// The host name has no address.
  case resolve(String)
  /// Nobody listens, or no route.
  case connect(String)
  /// Not connected within `connectDeadline`.
  case connectTimeout
  /// No whole reply within `deadline`.
  case timeout
  /// TLS refused or failed: certificate, name, version.
  case tls(String)
  /// The reply is longer than `bodyMax`.
  case bodyTooLarge
  /// The connection ended before the reply did.
  case reset(String)
  /// What came is not HTTP, or its encoding is broken.
  case garbage(String)
  /// The URL or a header is not acceptable; our own fault.
  case malformed(String)
  /// Anything else libcurl says.
  case other(String)

  /// One word for a metric's label.
  public var label: String {
    switch self {
    case .resolve: "resolve"
    case .connect: "connect"
    case .connectTimeout: "connect_timeout"
    case .timeout: "timeout"
    case .tls: "tls"
    case .bodyTooLarge: "body_too_large"
    case .reset: "reset"
    case .garbage: "garbage"
    case .malformed: "malformed"
    case .other: "other"
    }
  }

  /// A sentence for a log line.
  public var description: String {
    switch self {
    case .resolve(let text): "the name was not found: \(text)"
    case .connect(let text): "no connection: \(text)"
    case .connectTimeout: "not connected in time"
    case .timeout: "no whole reply in time"
    case .tls(let text): "TLS: \(text)"
    case .bodyTooLarge: "the reply is too large"
    case .reset(let text): "the connection broke: \(text)"
    case .garbage(let text): "not an HTTP reply: \(text)"
    case .malformed(let text): "the request is malformed: \(text)"
    case .other(let text): text
    }
  }
}

/// What became of a request.
public enum TransferOutcome {
  /// A whole reply came.
  case reply(TransferReply)
  /// None did.
  case failure(TransferFailure)
}

/// Names a request under way, to cancel it. Never reused.
public struct TransferID: Hashable, Sendable {
  let slot: Int
  let serial: UInt64
}

/// The receiver of outcomes. It may start and cancel transfers inside the call.
public protocol TransferOwner: AnyObject {
  /// The request started with `tag` is over. Called once for each that was not cancelled, never inside `start`.
  func transfers(_ transfers: Transfers, tag: Int, finished outcome: TransferOutcome)
}

/// Bounds of a `Transfers`.
public struct TransferOptions: Hashable, Sendable {
  /// Requests under way or waiting for a connection; `start` refuses more.
  public var transfersMax = 1024
  /// The most bytes of a reply's body, decompressed.
  public var bodyMax = 32 * 1024 * 1024
  /// Connections per host; requests beyond wait for one.
  public var hostConnectionsMax = 16
  /// Connections altogether, busy and kept; an idle one is closed after two minutes.
  public var connectionsMax = 32
  /// What the exchange reads as our name.
  public var userAgent = "hynous-data"

  /// The defaults above.
  public init() {}
}
