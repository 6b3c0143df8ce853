// One WebSocket connection: where it stands and what it last showed of life.
//
//   idle ──► waiting ──► connecting ──► upgrading ──► live ──┐
//              ▲  (back-off, limits)                         │ any loss
//              └─────────────────────────────────────────────┘
//
// Plain state in the pool's flat memory; the transitions are in `Sessions` and its extensions.
// Invariant: `attempt` changes with every connection attempt and with every loss, so that inputs of an earlier
// life are told apart; the decoder holds bytes of this life only.
import Base
import Wire

/// A connection's state.
struct Session: ~Copyable {
  /// The phases of a connection.
  enum Phase: UInt8 {
    /// Nothing is assigned to it.
    case idle
    /// Waiting for its turn to connect.
    case waiting
    /// The driver connects TCP and TLS.
    case connecting
    /// The HTTP upgrade is under way.
    case upgrading
    /// Frames flow.
    case live
  }

  let index: Int
  var lane: TopicRule.Lane = .coins
  var phase: Phase = .idle
  var attempt: UInt32 = 0
  /// Waiting: connect then. Connecting, upgrading: given up then.
  var until: Instant = .never
  var backoff: Backoff
  var wire: LinkWire

  // What it showed of life, since it went live.
  var liveSince: Instant = .zero
  var lastFrameAt: Instant = .zero
  /// The frame before that.
  var frameBeforeAt: Instant = .zero
  var lastDataAt: Instant = .zero
  var lastTradeAt: Instant = .zero
  var isVerified = false
  var pingAt: Instant = .never
  var pingedAt: Instant = .zero
  var pongDue: Instant = .never
  var pongsMissed = 0
  var garbage = 0
  var garbageSince: Instant = .zero

  // Its subscriptions.
  var assigned = 0
  var tradesLive = 0
  var cadenceLive = 0
  var queued = 0
  var outstanding = 0
  var cursor = 0
  var sendAt: Instant = .never
  var emptySince: Instant = .never
  var struckAt: Instant?

  init(index: Int, seed: UInt64) {
    self.index = index
    backoff = Backoff(
      first: Venue.reconnectBackoffFirst, longest: Venue.reconnectBackoffLongest, seed: seed)
    wire = LinkWire()
  }

  var id: LinkID { LinkID(index: UInt8(index), attempt: attempt) }

  /// Whether `id` names this life.
  func isCurrent(_ id: LinkID) -> Bool { Int(id.index) == index && id.attempt == attempt }

  /// Starts the watches of a connection that just became live.
  mutating func wentLive(_ now: Instant) {
    phase = .live
    until = .never
    liveSince = now
    lastFrameAt = now
    frameBeforeAt = now
    lastDataAt = now
    lastTradeAt = now
    isVerified = false
    pingAt = now + Venue.pingInterval
    pongDue = .never
    pongsMissed = 0
    garbage = 0
    garbageSince = now
    cursor = 0
    sendAt = .never
  }

  /// The next moment at which time alone changes something, sweeps apart.
  var deadline: Instant {
    switch phase {
    case .idle: .never
    case .waiting, .connecting, .upgrading: until
    case .live: min(min(pingAt, pongDue), queued > 0 ? sendAt : .never)
    }
  }
}
