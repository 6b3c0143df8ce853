import API
import Base
import Engines
import Hyperliquid
import Market

/// What the service says of itself: `/health`, `/v1/stats` and the coverage of each coin's trades.
extension Core {
  /// Fills the facts the routes report; called by the routes, so that nobody pays for numbers nobody reads.
  func report() {
    views.health = health()
    views.stats.rateLimiter = rateLimiter()
    views.stats.tradeStream = options[.tradeStreamEnabled] ? tradeStream() : nil
    reportVaults()
    views.stats.exchange = exchange()
    views.stats.runtime = runtime()
    reportAccounts()
    reportStorage()
    reportReadiness()
  }

  private func health() -> HealthFacts {
    let now = views.now
    var facts = HealthFacts()
    facts.addressesDiscovered = book.count
    facts.positionsTracked = knowledge.positions.count
    if let poller { facts.tierLags = (1...3).map { poller.lag(tier: $0, now: now.instant).lag } }
    if options[.tradeStreamEnabled] {
      let isHealthy = sessions.isHealthy(now: now.instant)
      facts.wsHealthy = isHealthy
      if !isHealthy {
        facts.reasons.append(
          stream.counted == 0 ? "trade stream: no trade yet" : "trade stream: no trade for 30 seconds")
      }
      if !keeper.universe.isComplete { facts.reasons.append("listing: not all dexes have answered yet") }
      let stats = sessions.stats
      if stats.wanted > 0, stats.live < stats.wanted {
        facts.reasons.append("subscriptions: \(stats.wanted - stats.live) of \(stats.wanted) are not live")
      }
      if stats.refused > 0 { facts.reasons.append("subscriptions: \(stats.refused) did not fit the limits") }
    }
    if scheduler.budget.isStopped(now: now.instant) {
      facts.reasons.append("exchange: too many requests, holding back")
    }
    facts.reasons += accountTroubles()
    if let trouble = persistence.trouble { facts.reasons.append(trouble) }
    if setAside != nil {
      facts.reasons.append("database: a damaged file was set aside at this run, see the log")
    }
    return facts
  }

  private func rateLimiter() -> RateLimiterFacts {
    let stats = scheduler.stats(now: views.now)
    var facts = RateLimiterFacts()
    facts.available = stats.available
    facts.max = stats.max
    facts.totalAcquired = stats.totalAcquired
    facts.totalWaited = TimeSpan(ns: Int64(stats.totalWaitedS * 1e9))
    facts.total429 = stats.tooMany
    facts.used = stats.used
    facts.inFlight = stats.inFlight
    return facts
  }

  private func tradeStream() -> TradeStreamFacts {
    let now = views.now.instant
    let stats = sessions.stats
    var facts = TradeStreamFacts()
    facts.subscribedCoins = stats.tradesLive
    facts.totalTrades = Int(clamping: stream.counted)
    facts.totalInvalidTrades = Int(clamping: stream.invalid)
    facts.totalAddressesDiscovered = Int(clamping: stream.discovered)
    facts.pendingFlush = book.pendingFlush
    facts.wsConnected = stats.linksLive > 0
    facts.wsHealthy = sessions.isHealthy(now: now)
    facts.lastTradeAge = stats.lastTradeAt > .zero ? now - stats.lastTradeAt : nil
    facts.reconnectCount = stats.reconnects
    facts.totalDuplicates = Int(clamping: stream.duplicates)
    facts.totalGaps = sessions.gaps.closedCount
    facts.totalFrames = stats.frames
    facts.totalBytes = Int(clamping: linkBytes)
    return facts
  }

  private func exchange() -> ExchangeFacts {
    let stats = sessions.stats
    var facts = ExchangeFacts()
    facts.connections = stats.linksLive
    facts.totalConnects = stats.attempts
    facts.totalLost = stats.reconnects
    facts.wanted = stats.wanted
    facts.live = stats.live
    facts.totalMessages = stats.messages
    facts.totalFrames = stats.frames
    facts.totalBytes = Int(clamping: linkBytes)
    facts.totalUnreadable = stats.garbage
    facts.totalErrors = stats.errorFrames
    facts.requests = scheduler.counts
    return facts
  }

  private func runtime() -> RuntimeFacts {
    var facts = RuntimeFacts()
    facts.turns = measured.turns
    facts.turnLast = measured.turnLast
    facts.turnP99 = measured.turnP99
    facts.turnMax = measured.turnMax
    facts.memoryBytes = measured.memoryBytes
    facts.clockSkew = .milliseconds(Int(clamping: clock.skewMs(views.now)))
    facts.clients = clients.count
    facts.totalRequests = clients.requests
    facts.turnTimes = measured.turnTimes
    facts.openFiles = measured.openFiles
    facts.loopHandles = measured.loopHandles
    facts.loopTimers = measured.loopTimers
    facts.clientsRefused = measured.clientsRefused
    facts.logLinesDropped = measured.logLinesDropped
    let flow = views.orderFlow
    facts.dropped = [
      ("trades_late", stream.late), ("trades_expired", stream.expired), ("trades_unlisted", stream.unlisted),
      ("trades_over_frame", stream.dropped),
      ("trades_over_memory", flow.droppedTrades), ("addresses_forgotten", book.forgotten),
      ("addresses_refused", book.refused), ("frames_garbage", UInt64(clamping: sessions.stats.garbage)),
      ("frames_unknown", UInt64(clamping: sessions.stats.unknownFrames)),
      ("session_events", UInt64(clamping: sessions.stats.eventsDropped)),
      ("listings_refused", UInt64(clamping: keeper.universe.refused)),
      ("database_failures", persistence.failures),
      ("rows_over_queue", persistence.rows.dropped), ("rows_refused", persistence.rowsRefused),
      ("writes_refused", persistence.clientWrites.refused), ("requests_failed", scheduler.failures),
      ("clients_refused", UInt64(clamping: measured.clientsRefused)),
      ("clients_stalled", UInt64(clamping: measured.clientsStalled)),
      ("clients_waiting_over", clients.refusedWaiting), ("clients_flooding", clients.refusedFlood),
      ("clients_holding", clients.refusedHeld),
    ]
    return facts
  }

  /// Tells the views which part of each coin's past is known; called when the gap log or the
  /// estimate of the exchange's clock, by which it is dated, has changed.
  func refreshCoverage() {
    gapsSeen = sessions.gaps.version
    originSeen = clock.isSet ? clock.now(at: .zero) : WallTime(ms: .min)
    let gaps = sessions.gaps
    views.coverage.removeAll(keepingCapacity: true)
    for raw in 0..<UInt32(views.coins.count) {
      let coin = CoinID(raw: raw)
      var coverage = Coverage()
      // Before the first trade nobody knows what time it is at the exchange, so nothing can be dated.
      guard clock.isSet else {
        views.coverage.append(coverage)
        continue
      }
      for index in 0..<gaps.count(coin) {
        let gap = gaps[coin, index]
        if gap.from == .zero {
          coverage.since = gap.to == .never ? nil : clock.now(at: gap.to)
        } else {
          coverage.gaps.append(
            API.Gap(from: clock.now(at: gap.from), to: gap.to == .never ? nil : clock.now(at: gap.to)))
        }
      }
      views.coverage.append(coverage)
    }
  }
}
