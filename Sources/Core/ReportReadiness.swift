import API
import Base
import Hyperliquid

/// Whether the service should be sent requests: `/readyz`. What is wrong now is told by `/health`, too, by the same
/// bounds; a stall is over when it can be told, and start and stop are no faults.
extension Core {
  /// Polls of tier 1 later than this many of its intervals are behind schedule: one is what a full queue costs now and
  /// then, after two every number made of positions is old.
  static let behindIntervals = 2
  /// Shorter intervals are not missed by seconds.
  static let behindLeast = TimeSpan.seconds(10)

  func reportReadiness() {
    var facts = ReadinessFacts()
    facts.stalls = loopWatch.count
    let now = views.now.instant
    if stopAt != nil {
      facts.reasons.append((.stopping, "the process was told to stop"))
    } else if !isStateLoaded {
      facts.reasons.append((.starting, "what the database holds is being read"))
    }
    if let detail = staleStream(now: now) { facts.reasons.append((.streamStale, detail)) }
    if let failure = persistence.failure { facts.reasons.append((.database, failure)) }
    if let stall = loopWatch.recent(now: now) {
      facts.reasons.append((.loopStalled, "the event loop stood still for \(Int(stall.seconds)) seconds"))
    }
    if let lag = tier1Lag(now: now) {
      facts.reasons.append((.behindSchedule, "polls of tier 1 are \(Int(lag.seconds)) seconds late"))
    }
    // In the order of the enumeration, so that the first says most.
    facts.reasons.sort { $0.reason.rawValue < $1.reason.rawValue }
    views.readiness = facts
  }

  private func staleStream(now: Instant) -> String? {
    guard options[.tradeStreamEnabled], !sessions.isHealthy(now: now) else { return nil }
    let stats = sessions.stats
    if stats.lastTradeAt == .zero {
      return stats.tradesLive == 0 ? "no coin is subscribed yet" : "no trade yet"
    }
    return "no trade for \(Int((now - stats.lastTradeAt).seconds)) seconds"
  }

  /// How late tier 1 is, when that is too late.
  func tier1Lag(now: Instant) -> TimeSpan? {
    guard let lag = poller?.lag(tier: 1, now: now) else { return nil }
    return lag.lag > max(Core.behindLeast, lag.interval * Core.behindIntervals) ? lag.lag : nil
  }
}
