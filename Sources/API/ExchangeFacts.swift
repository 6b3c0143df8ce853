/// What `/metrics` tells of the exchange beyond `/v1/stats`, as plain values that Core fills.

/// Connections to the exchange and requests sent to it, since the start.
public struct ExchangeFacts: Sendable {
  /// WebSocket connections that are live.
  public var connections = 0
  /// Connection attempts.
  public var totalConnects = 0
  /// Live connections that were lost.
  public var totalLost = 0
  /// Subscriptions wanted.
  public var wanted = 0
  /// Subscriptions that are live.
  public var live = 0
  /// Messages sent.
  public var totalMessages = 0
  /// Messages received.
  public var totalFrames = 0
  /// Bytes received.
  public var totalBytes = 0
  /// Messages that made no sense.
  public var totalUnreadable = 0
  /// Error messages of the exchange.
  public var totalErrors = 0
  /// Requests that have ended, by kind and outcome, both out of fixed sets.
  public var requests: [(kind: String, outcome: String, count: UInt64)] = []

  /// Nothing sent.
  public init() {}
}
