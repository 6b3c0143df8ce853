// What goes in and out of the connection pool: plain values.
public import Base
public import Market

/// One connection's life: the place in the pool and a number that is new for every attempt.
///
/// Inputs that name an earlier life are ignored, so a driver may report late.
public struct LinkID: Hashable, Sendable {
  /// The place in the pool, `0 ..< connectionsMax`.
  public let index: UInt8
  /// The attempt's number.
  public let attempt: UInt32

  /// The connection at `index` in its life number `attempt`.
  public init(index: UInt8, attempt: UInt32) {
    self.index = index
    self.attempt = attempt
  }
}

/// What the driver shall do.
public enum SessionAction: Hashable, Sendable {
  /// Open a TCP (and TLS) connection to the configured address; report `connected` or `disconnected`.
  case connect(LinkID)
  /// Send these bytes of the outbox, in order.
  case send(LinkID, Range<Int>)
  /// Send what is queued, for a second at most, then close; nothing it reports later is heard.
  case close(LinkID)
}

/// Why a connection ended.
public enum LinkLoss: UInt8, Hashable, Sendable, CaseIterable {
  /// TCP or TLS failed, or took longer than `Venue.connectDeadline`.
  case connectFailed
  /// The upgrade was refused, malformed or not answered in time.
  case upgradeFailed
  /// The peer's bytes ended without a close frame (RFC 6455: 1006).
  case cut
  /// The peer sent a close frame; its code is in the event.
  case closed
  /// Bytes against RFC 6455, a message above `Venue.messageBytesMax` included; the code we sent is in the event.
  case protocolError
  /// Too many frames that make no sense.
  case garbage
  /// No pong.
  case pongMissing
  /// No trade for too long.
  case tradeSilence
  /// Subscribed, and no data came at all.
  case noData
  /// One subscription stayed silent through several renewals.
  case silentSubscription
  /// Nothing is assigned to it any more.
  case idle
  /// The pool was stopped.
  case stopped
}

/// What the pool has to say; read all with `Sessions.nextEvent`.
public enum SessionEvent {
  /// A frame of a feed, valid until the next call of `nextEvent`, with at least 64 readable bytes behind it.
  /// Give it to its channel's decoder, then tell `heard` (feeds of a coin or an account) or `garbage`.
  case data(Frame, LinkID)
  /// The WebSocket is open; subscribing begins.
  case linkLive(LinkID)
  /// The connection is gone (or was never made); gaps of its coins are open. `code` is a close code, an
  /// HTTP status for `upgradeFailed`, or 0.
  case linkLost(LinkID, LinkLoss, code: UInt16)
  /// One coin's feed is not trusted any more since `from`.
  case gapOpened(CoinID, from: Instant, GapReason)
  /// The coin's feed is live again after such a gap.
  case gapClosed(CoinID, from: Instant, to: Instant)
  /// The exchange refused or ignored a subscription several times; it is tried again later.
  case parked(Topic)
}

/// Numbers of the pool for `/v1/stats` and metrics; counts are since start.
public struct SessionStats: Hashable, Sendable {
  /// Connections that are live now.
  public var linksLive = 0
  /// Subscriptions wanted now.
  public var wanted = 0
  /// Subscriptions that are live now.
  public var live = 0
  /// Coins whose trades are live now.
  public var tradesLive = 0
  /// Connections that were live and ended, stops excluded.
  public var reconnects = 0
  /// Connection attempts.
  public var attempts = 0
  /// Whole messages received.
  public var frames = 0
  /// Frames of trades received.
  public var tradeFrames = 0
  /// Frames that made no sense.
  public var garbage = 0
  /// Frames of channels we do not know.
  public var unknownFrames = 0
  /// Error frames of the exchange.
  public var errorFrames = 0
  /// Messages sent.
  public var messages = 0
  /// Subscriptions sent again because they were silent.
  public var renewals = 0
  /// Acks that did not come in time.
  public var acksMissing = 0
  /// Subscriptions refused for lack of room.
  public var refused = 0
  /// Events dropped because nobody read them.
  public var eventsDropped = 0
  /// The last frame of trades; `Instant.zero` before the first.
  public var lastTradeAt: Instant = .zero
}
