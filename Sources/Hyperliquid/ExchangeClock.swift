// What time it is at the exchange, from the times its trades carry.
//
// A trade is seen some latency after its time, so `trade time − monotonic clock` never lies above the true
// offset between the two clocks, and its maximum is the best guess. The maximum is taken over the running and
// the previous ten minutes, so that the drift of two clocks (tens of ppm) cannot build up. The machine's wall
// clock is used once, before the first trade; its jumps change nothing.
// A trade that disagrees is not believed alone: up to 5 s ahead is ordinary, up to 10 minutes ahead needs 8
// consecutive observations that agree with each other, anything else (either side) 64.
// Bounds: a dozen words. Invariant: `now(at:)` grows with the monotonic clock except by the corrections above.
public import Base

/// The exchange's wall clock as seen from here.
public struct ExchangeClock: Sendable {
  /// A step ahead that one observation may make.
  public static let stepMaxMs: Int64 = 5_000
  /// A step that needs the greater number of agreeing observations.
  public static let farMs: Int64 = 600_000
  /// How close observations must lie to agree with each other.
  public static let agreeMs: Int64 = 30_000
  /// Agreeing observations for a step of 5 s to 10 minutes ahead.
  public static let nearVotes = 8
  /// Agreeing observations for anything farther off.
  public static let farVotes = 64
  /// The length of one span of the running maximum.
  public static let spanNs: UInt64 = 600_000_000_000

  /// Wall time minus monotonic time, the estimate.
  private var offsetMs: Int64
  private var isAnchored = false
  private var spanEnd: UInt64 = 0
  private var spanMax: Int64 = .min
  private var formerMax: Int64 = .min
  private var candidateMs: Int64 = 0
  private var votes = 0
  /// Observations that were not believed, since start.
  public private(set) var rejected = 0
  /// Times the estimate was moved by agreeing observations, since start.
  public private(set) var reanchored = 0
  /// Since when observations disagree with the estimate; `nil` while the last one agreed.
  private var doubtedSince: Instant?
  /// Of the last time the estimate was moved: since when it had been wrong, as far as is known.
  public private(set) var wrongSince: Instant = .never

  /// A clock that shows the machine's wall clock as read at `now` until the first trade.
  public init(now: Now) { offsetMs = now.wall.ms &- ExchangeClock.ms(now.instant) }

  /// Whether a trade has been seen.
  public var isSet: Bool { isAnchored }

  /// The exchange's time at `instant`.
  public func now(at instant: Instant) -> WallTime { WallTime(ms: ExchangeClock.ms(instant) &+ offsetMs) }

  /// The monotonic instant at which the exchange showed `time`, clamped to the clock's range.
  public func instant(of time: WallTime) -> Instant {
    let ms = time.ms.subtractingReportingOverflow(offsetMs)
    guard !ms.overflow, ms.partialValue > 0 else { return .zero }
    let ns = UInt64(ms.partialValue).multipliedReportingOverflow(by: 1_000_000)
    return ns.overflow ? .never : Instant(ns: ns.partialValue)
  }

  /// How far the exchange's clock is ahead of the machine's, in milliseconds.
  public func skewMs(_ now: Now) -> Int64 {
    let difference = self.now(at: now.instant).ms.subtractingReportingOverflow(now.wall.ms)
    return difference.overflow ? 0 : difference.partialValue
  }

  /// Takes note of a trade's time seen at `now`; any value is safe.
  public mutating func observe(_ tradeTime: WallTime, now: Instant) {
    guard tradeTime.ms > 0, tradeTime.ms < 1 << 52 else {
      rejected &+= 1
      return
    }
    let offset = tradeTime.ms &- ExchangeClock.ms(now)
    let ahead = offset &- offsetMs
    if ahead > (isAnchored ? ExchangeClock.stepMaxMs : ExchangeClock.farMs) || ahead < -ExchangeClock.farMs {
      disagree(offset, ahead, now)
      return
    }
    votes = 0
    doubtedSince = nil
    if now.ns >= spanEnd { turnSpan(now) }
    if offset > spanMax { spanMax = offset }
    let best = max(spanMax, formerMax)
    if offsetMs != best { offsetMs = best }
    isAnchored = true
  }

  private mutating func turnSpan(_ now: Instant) {
    // After a long silence the former span says nothing any more.
    formerMax = now.ns < spanEnd &+ ExchangeClock.spanNs ? spanMax : .min
    spanMax = .min
    spanEnd = now.ns &+ ExchangeClock.spanNs
  }

  private mutating func disagree(_ offset: Int64, _ ahead: Int64, _ now: Instant) {
    rejected &+= 1
    if doubtedSince == nil { doubtedSince = now }
    let apart = offset &- candidateMs
    if votes > 0, apart <= ExchangeClock.agreeMs, apart >= -ExchangeClock.agreeMs {
      votes += 1
      candidateMs = max(candidateMs, offset)
    } else {
      votes = 1
      candidateMs = offset
    }
    let isNear = ahead > 0 && ahead <= ExchangeClock.farMs
    guard votes >= (isNear ? ExchangeClock.nearVotes : ExchangeClock.farVotes) else { return }
    offsetMs = candidateMs
    spanMax = candidateMs
    formerMax = .min
    spanEnd = now.ns &+ ExchangeClock.spanNs
    votes = 0
    isAnchored = true
    reanchored += 1
    wrongSince = doubtedSince ?? now
    doubtedSince = nil
  }

  private static func ms(_ instant: Instant) -> Int64 { Int64(instant.ns / 1_000_000) }
}
