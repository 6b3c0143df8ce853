/// `GET /v1/stats`: counters of every component. A disabled component's key is absent.
import Wire

extension Route {
  static let stats = Route(
    .get, "/v1/stats", name: "stats", summary: "Statistics",
    about: "Counters since the start, by component. The key of a disabled component is absent.",
    answers: [
      Answer(
        200, "The counters", StatsAnswer.schema,
        example: """
          {"uptime_seconds":138.4,"rate_limiter":{"available":1020,"max":1020,"total_acquired":11560,\
          "total_waited_s":0.0,"total_429":0},"runtime":{"version":"1.0.0","turns":81234,\
          "turn_last_ms":0.041,"turn_p99_ms":0.21,"turn_max_ms":3.802,"memory_bytes":18874368,\
          "clock_skew_ms":-12.0,"clients":2,"total_requests":4711,"dropped":{}}}
          """)
    ]
  ) { call in
    let views = call.freshViews
    var json = call.begin(200)
    json.beginObject()
    json.key("uptime_seconds")
    json.tenths(views.uptime)
    StatsAnswer.rateLimiter(views.stats.rateLimiter, &json)
    if let facts = views.stats.tradeStream { StatsAnswer.tradeStream(facts, &json) }
    if let facts = views.stats.positionPoller { StatsAnswer.positionPoller(facts, &json) }
    if let facts = views.stats.hlpTracker { StatsAnswer.hlpTracker(facts, &json) }
    if let facts = views.stats.liqHeatmap { StatsAnswer.liqHeatmap(facts, &json) }
    StatsAnswer.runtime(views.stats.runtime, version: call.version, &json)
    json.endObject()
  }
}

/// The blocks of `/v1/stats`, written and described next to each other.
private enum StatsAnswer {
  static let schema = Schema.object(
    "Stats",
    [
      .init("uptime_seconds", .number("Seconds since the start")),
      .init("rate_limiter", rateLimiterSchema),
      .sometimes("trade_stream", tradeStreamSchema),
      .sometimes("position_poller", positionPollerSchema),
      .sometimes("hlp_tracker", hlpTrackerSchema),
      .sometimes("liq_heatmap", liqHeatmapSchema),
      .init("runtime", runtimeSchema),
    ])

  static let rateLimiterSchema = Schema.object(
    "RateLimiterStats",
    [
      .init("available", .number("Weight that may be spent now")),
      .init("max", .integer("Weight per 60 seconds we allow ourselves")),
      .init("total_acquired", .integer("Weight spent")),
      .init("total_waited_s", .number("Seconds requests have waited for weight, summed")),
      .init("total_429", .integer("Answers of the exchange with status 429")),
    ])

  static func rateLimiter(_ facts: RateLimiterFacts, _ json: inout JSONWriter) {
    json.key("rate_limiter")
    json.beginObject()
    json.count("available", facts.available)
    json.count("max", facts.max)
    json.count("total_acquired", facts.totalAcquired)
    json.key("total_waited_s")
    json.tenths(facts.totalWaited)
    json.count("total_429", facts.total429)
    json.endObject()
  }

  static let tradeStreamSchema = Schema.object(
    "TradeStreamStats",
    [
      .init("subscribed_coins", .integer("Coins whose subscription is acknowledged")),
      .init("total_trades", .integer("Trades counted")),
      .init("total_invalid_trades", .integer("Trades that could not be read")),
      .init("total_addresses_discovered", .integer("Distinct accounts found in trades")),
      .init("pending_flush", .integer("Accounts waiting to be written")),
      .init("ws_connected", .flag("Whether every connection of the stream is up")),
      .init("ws_healthy", .flag("Whether trades flow")),
      .init("last_trade_age_s", .nullable(.number("Seconds since the last trade; null before the first"))),
      .init("reconnect_count", .integer("Connections made again after a loss")),
      .init("total_duplicates", .integer("Trades dropped because they had been seen")),
      .init("total_gaps", .integer("Gaps recorded, of all coins")),
      .init("total_frames", .integer("Frames received")),
      .init("total_bytes", .integer("Bytes received")),
    ])

  static func tradeStream(_ facts: TradeStreamFacts, _ json: inout JSONWriter) {
    json.key("trade_stream")
    json.beginObject()
    json.count("subscribed_coins", facts.subscribedCoins)
    json.count("total_trades", facts.totalTrades)
    json.count("total_invalid_trades", facts.totalInvalidTrades)
    json.count("total_addresses_discovered", facts.totalAddressesDiscovered)
    json.count("pending_flush", facts.pendingFlush)
    json.key("ws_connected")
    json.bool(facts.wsConnected)
    json.key("ws_healthy")
    json.bool(facts.wsHealthy)
    json.key("last_trade_age_s")
    if let age = facts.lastTradeAge { json.tenths(age) } else { json.null() }
    json.count("reconnect_count", facts.reconnectCount)
    json.count("total_duplicates", facts.totalDuplicates)
    json.count("total_gaps", facts.totalGaps)
    json.count("total_frames", facts.totalFrames)
    json.count("total_bytes", facts.totalBytes)
    json.endObject()
  }

  static let positionPollerSchema = Schema.object(
    "PositionPollerStats",
    [
      .init("total_polls", .integer("Accounts polled")),
      .init("total_positions_upserted", .integer("Positions written")),
      .init("total_errors", .integer("Polls that failed")),
      .init("tier_counts", .map(.integer("Accounts"), "Accounts by tier, \"1\" to \"3\"")),
    ])

  static func positionPoller(_ facts: PositionPollerFacts, _ json: inout JSONWriter) {
    json.key("position_poller")
    json.beginObject()
    json.count("total_polls", facts.totalPolls)
    json.count("total_positions_upserted", facts.totalPositionsUpserted)
    json.count("total_errors", facts.totalErrors)
    json.key("tier_counts")
    json.beginObject()
    json.count("1", facts.tierCounts.0)
    json.count("2", facts.tierCounts.1)
    json.count("3", facts.tierCounts.2)
    json.endObject()
    json.endObject()
  }

  static let hlpTrackerSchema = Schema.object(
    "HLPTrackerStats",
    [
      .init("vaults_tracked", .integer("Vaults followed")),
      .init("total_polls", .integer("Polls of all vaults")),
      .init("total_snapshots", .integer("Snapshot rows written")),
      .init("current_positions", .integer("Open positions of the vaults")),
    ])

  static func hlpTracker(_ facts: HLPTrackerFacts, _ json: inout JSONWriter) {
    json.key("hlp_tracker")
    json.beginObject()
    json.count("vaults_tracked", facts.vaultsTracked)
    json.count("total_polls", facts.totalPolls)
    json.count("total_snapshots", facts.totalSnapshots)
    json.count("current_positions", facts.currentPositions)
    json.endObject()
  }

  static let liqHeatmapSchema = Schema.object(
    "LiqHeatmapStats",
    [
      .init("cached_coins", .integer("Coins with a computed heatmap")),
      .init("last_recompute", .number("When the last computation ended, epoch seconds")),
    ])

  static func liqHeatmap(_ facts: LiqHeatmapFacts, _ json: inout JSONWriter) {
    json.key("liq_heatmap")
    json.beginObject()
    json.count("cached_coins", facts.cachedCoins)
    json.key("last_recompute")
    json.seconds(facts.lastRecompute)
    json.endObject()
  }

  static let runtimeSchema = Schema.object(
    "RuntimeStats",
    [
      .init("version", .text("The daemon's version")),
      .init("turns", .integer("Turns of the event loop")),
      .init("turn_last_ms", .number("How long the last turn took")),
      .init("turn_p99_ms", .number("The 99th percentile of turn times")),
      .init("turn_max_ms", .number("The longest turn")),
      .init("memory_bytes", .integer("Resident memory; 0 when unknown")),
      .init("clock_skew_ms", .number("The exchange's clock minus ours")),
      .init("clients", .integer("Client connections open now")),
      .init("total_requests", .integer("Requests answered")),
      .init("dropped", .map(.integer("How many"), "What was dropped because a bound was met")),
    ])

  static func runtime(_ facts: RuntimeFacts, version: String, _ json: inout JSONWriter) {
    json.key("runtime")
    json.beginObject()
    json.key("version")
    json.string(version)
    json.key("turns")
    json.uint(facts.turns)
    json.milliseconds("turn_last_ms", facts.turnLast)
    json.milliseconds("turn_p99_ms", facts.turnP99)
    json.milliseconds("turn_max_ms", facts.turnMax)
    json.count("memory_bytes", facts.memoryBytes)
    json.milliseconds("clock_skew_ms", facts.clockSkew)
    json.count("clients", facts.clients)
    json.key("total_requests")
    json.uint(facts.totalRequests)
    json.key("dropped")
    json.beginObject()
    for (name, count) in facts.dropped.prefix(RuntimeFacts.droppedMax) {
      json.key(name)
      json.uint(count)
    }
    json.endObject()
    json.endObject()
  }
}
