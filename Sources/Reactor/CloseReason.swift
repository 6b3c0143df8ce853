/// Why a stream ended: the one typed word its owner gets, for metrics, logs and the choice of back-off.
import CLibuv

/// The end of a stream. Texts are for people; decide by the case.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// The owner closed it (`closeAfterFlush`, `abort`).
  case closedByOwner
  /// The peer ended the connection in order (FIN; with TLS after close_notify).
  case eof
  /// A TLS peer's connection ended without close_notify: the data may be cut off.
  case truncated
  /// The host name has no address.
  case resolve(String)
  /// Nobody listens there.
  case refused
  /// No route to the peer.
  case unreachable(String)
  /// Not open within `connectDeadline` (lookup, connection and TLS handshake together).
  case connectTimeout
  /// TLS refused or failed: certificate, name, version, record.
  case tls(String)
  /// The peer reset the connection, or it broke.
  case reset
  /// More than `writeQueueMax` bytes waited for a peer that does not read.
  case writeQueueFull
  /// After `closeAfterFlush` the peer took nothing for `StreamOptions.closeDeadline`.
  case flushTimeout
  /// Any other error of the system.
  case io(String)

  /// One word for a metric's label.
  public var label: String {
    switch self {
    case .closedByOwner: "closed"
    case .eof: "eof"
    case .truncated: "truncated"
    case .resolve: "resolve"
    case .refused: "refused"
    case .unreachable: "unreachable"
    case .connectTimeout: "connect_timeout"
    case .tls: "tls"
    case .reset: "reset"
    case .writeQueueFull: "write_queue_full"
    case .flushTimeout: "flush_timeout"
    case .io: "io"
    }
  }

  /// A sentence for a log line.
  public var description: String {
    switch self {
    case .closedByOwner: "closed by us"
    case .eof: "the peer ended the connection"
    case .truncated: "the connection ended without TLS close_notify"
    case .resolve(let text): "the name was not found: \(text)"
    case .refused: "connection refused"
    case .unreachable(let text): "unreachable: \(text)"
    case .connectTimeout: "not connected in time"
    case .tls(let text): "TLS: \(text)"
    case .reset: "the connection was reset"
    case .writeQueueFull: "too much unsent data; the peer does not read"
    case .flushTimeout: "the peer did not take the last data in time"
    case .io(let text): "I/O error: \(text)"
    }
  }

  /// The reason that goes with a negative libuv status.
  init(status: Int32) {
    switch status {
    case UV_ECONNREFUSED.rawValue: self = .refused
    case UV_ECONNRESET.rawValue, UV_EPIPE.rawValue, UV_ECONNABORTED.rawValue: self = .reset
    case UV_ETIMEDOUT.rawValue: self = .connectTimeout
    case UV_ENETUNREACH.rawValue, UV_EHOSTUNREACH.rawValue, UV_EADDRNOTAVAIL.rawValue:
      self = .unreachable(uvText(status))
    case UV_EOF.rawValue: self = .eof
    default: self = .io(uvText(status))
    }
  }
}
