// What the exchange counts per address over all connections, counted here before it happens.
//
// A message or an attempt is counted at the exchange some moment after we start it, so each is held longer
// than the 60 s window: messages by the longest a connection may keep bytes unseen before a missing pong ends
// it, attempts by the longest one may take. Then no exchange-side 60 s window exceeds the limit.
// Bounds: two sliding windows of fixed size.
public import Base

/// Numbers of the connection pool; the defaults are the exchange's strictest.
public struct SessionLimits: Sendable {
  /// Connections open or opening at most; one less than the exchange allows, so that a dying one fits too.
  public var connectionsMax = Venue.connectionsMax - 1
  /// Connection attempts in any 60 s.
  public var connectsPerMinMax = Venue.connectsPerMinMax
  /// Messages sent in any 60 s, with a tenth kept back.
  public var messagesPerMinMax = Venue.messagesPerMinMax * 9 / 10
  /// Subscriptions altogether.
  public var subscriptionsMax = Venue.subscriptionsMax
  /// Different users.
  public var usersMax = Venue.usersMax
  /// Subscriptions on one connection before another is opened.
  public var perConnectionMax = 300
  /// Subscribe messages on one connection whose ack has not come.
  public var unackedMax = 64
  /// Between two connection attempts, so that restarts are staggered.
  public var connectSpacing = TimeSpan.milliseconds(250)
  /// Frames that make no sense, per connection and minute, before it is given up.
  public var garbagePerMinMax = 30
  /// Trade subscriptions on a connection from which its silence counts in full (fewer: four times as long).
  public var busyCoinsMin = 4
  /// A coin whose trades are silent this long after the market moved is subscribed again.
  public var coinSilenceMax = TimeSpan.seconds(15)
  /// Renewals of one silent subscription before its connection is given up.
  public var strikesMax = 3
  /// Connections are given up for one subscription's sake at most this often.
  public var strikeReconnectInterval = TimeSpan.seconds(600)
  /// Missing acks in a row before a subscription is parked.
  public var ackFailuresMax = 3
  /// The first wait of a parked subscription; doubles up to ten minutes.
  public var parkFirst = TimeSpan.seconds(60)

  /// The exchange's strictest limits.
  public init() {}
}

/// The sliding windows of attempts and messages.
struct ConnectionLimits: Sendable {
  /// How long an attempt counts: the window plus the longest an attempt may take.
  static let attemptHold = TimeSpan.seconds(60) + Venue.connectDeadline + .seconds(1)
  /// How long a message counts: the window plus the longest bytes may lie unseen on a connection we trust.
  static let messageHold = TimeSpan.seconds(60) + Venue.pingInterval + Venue.pongDeadline + .seconds(1)

  let limits: SessionLimits
  private var attempts = ChargeWindow(lanes: 1)
  private var messages = ChargeWindow(lanes: 1)
  private var spacedUntil: Instant = .zero

  init(_ limits: SessionLimits) { self.limits = limits }

  /// When the next attempt may begin; `now` if it may at once.
  mutating func nextAttempt(_ now: Instant) -> Instant {
    attempts.advance(to: now)
    var at = max(now, spacedUntil)
    if attempts.total >= limits.connectsPerMinMax { at = max(at, attempts.nextRelease()) }
    return at
  }

  /// Counts an attempt that begins now.
  mutating func attempted(_ now: Instant) {
    attempts.advance(to: now)
    attempts.hold(1, lane: 0, until: now + ConnectionLimits.attemptHold)
    spacedUntil = now + limits.connectSpacing
  }

  /// Messages that may be sent now.
  mutating func messagesLeft(_ now: Instant) -> Int {
    messages.advance(to: now)
    return limits.messagesPerMinMax - messages.total
  }

  /// Counts messages sent now.
  mutating func sent(_ count: Int, _ now: Instant) {
    messages.advance(to: now)
    messages.hold(count, lane: 0, until: now + ConnectionLimits.messageHold)
  }
}
