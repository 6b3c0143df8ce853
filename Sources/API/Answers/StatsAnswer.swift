/// The blocks of `/v1/stats` about the process, the trade stream and the database; those of the other components
/// are in `StatsCollectors.swift`.
import Wire

/// The blocks of `/v1/stats`, written and described next to each other.
enum StatsAnswer {
  static let schema = Schema.object(
    "Stats",
    [
      .init("uptime_seconds", .number("Seconds since the start")),
      .init("rate_limiter", rateLimiterSchema),
      .sometimes("trade_stream", tradeStreamSchema),
      .sometimes("position_poller", positionPollerSchema),
      .sometimes("hlp_tracker", hlpTrackerSchema),
      .sometimes("liq_heatmap", liqHeatmapSchema),
      .sometimes("liquidations", liquidationsSchema),
      .sometimes("profiler", profilerSchema),
      .sometimes("market", marketSchema),
      .sometimes("l2_subscriber", booksSchema),
      .sometimes("database", databaseSchema),
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

  static let databaseSchema = Schema.object(
    "DatabaseStats",
    [
      .init("total_batches", .integer("Batches committed")),
      .init("total_rows", .integer("Rows committed")),
      .init("total_errors", .integer("Batches that failed")),
      .init("pending_rows", .integer("Rows waiting to be written")),
      .init("total_dropped", .integer("Derived rows dropped, because the disk failed or too many waited")),
      .init("total_pruned", .integer("Rows removed by retention")),
      .init("last_batch_ms", .number("How long the last batch took")),
    ])

  static func database(_ facts: DatabaseFacts, _ json: inout JSONWriter) {
    json.key("database")
    json.beginObject()
    json.count("total_batches", facts.totalBatches)
    json.count("total_rows", facts.totalRows)
    json.count("total_errors", facts.totalErrors)
    json.count("pending_rows", facts.pendingRows)
    json.count("total_dropped", facts.totalDropped)
    json.count("total_pruned", facts.totalPruned)
    json.milliseconds("last_batch_ms", facts.lastBatch)
    json.endObject()
  }
}
