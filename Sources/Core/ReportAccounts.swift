import API
import Base
import Engines
import Market

/// What the collectors of accounts, profiles, prices and books say of themselves.
extension Core {
  /// Fills the blocks of `/v1/stats` about accounts and prices.
  func reportAccounts() {
    views.stats.positionPoller = poller.map { pollerFacts($0) }
    views.stats.profiler = profilerFacts()
    views.stats.market = marketFacts()
    views.stats.books = books.map { booksFacts($0) }
  }

  private func pollerFacts(_ poller: PositionPoller) -> PositionPollerFacts {
    let now = views.now.instant
    var facts = PositionPollerFacts()
    facts.totalPolls = Int(clamping: poller.polls)
    facts.totalPositionsUpserted = Int(clamping: poller.upserted)
    facts.totalPositionsClosed = Int(clamping: poller.closed)
    facts.totalErrors = Int(clamping: poller.errors)
    facts.totalChanges = Int(clamping: poller.changes)
    facts.inFlight = poller.inFlight
    facts.tiers = (1...3).map { tier in
      let lag = poller.lag(tier: tier, now: now)
      var tier = TierFacts()
      tier.accounts = lag.accounts
      tier.due = lag.due
      tier.lag = lag.lag
      tier.interval = lag.interval
      tier.achieved = lag.achieved
      return tier
    }
    facts.tierCounts = (facts.tiers[0].accounts, facts.tiers[1].accounts, facts.tiers[2].accounts)
    return facts
  }

  private func profilerFacts() -> ProfilerFacts {
    var facts = ProfilerFacts()
    facts.profiles = knowledge.profiles.count
    facts.queued = profiler.waiting
    facts.totalProfiles = Int(clamping: profiler.computed)
    facts.totalOnDemand = Int(clamping: profiler.computedAsked)
    facts.totalErrors = Int(clamping: profiler.errors)
    facts.rankingsAsOf = knowledge.rankings.asOf
    facts.ranked = knowledge.rankings.rows.count
    return facts
  }

  private func marketFacts() -> MarketFacts {
    let now = views.now.instant
    var facts = MarketFacts()
    var latest: (at: Instant, source: MidSource)?
    for raw in 0..<UInt32(min(knowledge.markets.count, views.coins.count)) {
      let coin = CoinID(raw: raw)
      if knowledge.markets.contextAt(of: coin) != nil { facts.contexts += 1 }
      guard let at = knowledge.markets.midAt(of: coin) else { continue }
      if knowledge.markets.mid(of: coin, now: now) != nil { facts.mids += 1 }
      if at >= latest?.at ?? .zero, let source = knowledge.markets.midSource(of: coin) {
        latest = (at, source)
      }
    }
    if let latest {
      facts.midsAge = now - latest.at
      facts.source = latest.source == .rest ? "rest" : "websocket"
    }
    facts.totalRestFallbacks = market.fallbacks
    return facts
  }

  private func booksFacts(_ books: L2Subscriber) -> BooksFacts {
    var facts = BooksFacts()
    facts.coins = books.configured
    facts.live = books.books.live(now: views.now.instant)
    facts.totalBooks = Int(clamping: books.books.received)
    return facts
  }

  /// What about accounts and prices is wrong, in words for `/health`.
  func accountTroubles() -> [String] {
    let now = views.now.instant
    var reasons: [String] = []
    // Tier 1 is what the rest waits for: when it is late, something is wrong or far too much is asked.
    if let lag = tier1Lag(now: now) {
      reasons.append("positions: tier 1 is \(Int(lag.seconds)) seconds behind")
    }
    if isListed, market.silence(now: now) > .seconds(60) {
      reasons.append(
        "prices: no mids over the WebSocket for \(Int(market.silence(now: now).seconds)) seconds")
    }
    return reasons
  }

  private var isListed: Bool { options[.tradeStreamEnabled] && views.coins.count > 0 }
}
