/// The blocks of `/v1/stats` about what is polled and computed, written and described next to each other.
import Base
import Wire

extension StatsAnswer {
  static let positionPollerSchema = Schema.object(
    "PositionPollerStats",
    [
      .init("total_polls", .integer("Accounts polled")),
      .init("total_positions_upserted", .integer("Positions written")),
      .init("total_errors", .integer("Polls that failed")),
      .init("tier_counts", .map(.integer("Accounts"), "Accounts by tier, \"1\" to \"3\"")),
      .init("total_positions_closed", .integer("Positions removed because they were closed")),
      .init("total_changes", .integer("Changes found in watched wallets")),
      .init("in_flight", .integer("Polls in flight")),
      .sometimes("tiers", .map(tierSchema, "How far each tier is behind, \"1\" to \"3\"")),
    ])

  private static let tierSchema = Schema.object(
    "PositionTierStats",
    [
      .init("accounts", .integer("Accounts in the tier")),
      .init("due", .integer("Accounts whose poll is due")),
      .init("lag_s", .number("How late the most overdue poll is, seconds")),
      .init("interval_s", .number("The configured interval, seconds")),
      .sometimes("achieved_s", .number("The interval achieved lately, seconds")),
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
    json.count("total_positions_closed", facts.totalPositionsClosed)
    json.count("total_changes", facts.totalChanges)
    json.count("in_flight", facts.inFlight)
    if !facts.tiers.isEmpty { tiers(facts.tiers, &json) }
    json.endObject()
  }

  private static func tiers(_ tiers: [TierFacts], _ json: inout JSONWriter) {
    json.key("tiers")
    json.beginObject()
    for (index, tier) in tiers.enumerated() {
      json.key("\(index + 1)")
      json.beginObject()
      json.count("accounts", tier.accounts)
      json.count("due", tier.due)
      json.key("lag_s")
      json.tenths(tier.lag)
      json.key("interval_s")
      json.tenths(tier.interval)
      if let achieved = tier.achieved {
        json.key("achieved_s")
        json.tenths(achieved)
      }
      json.endObject()
    }
    json.endObject()
  }

  static let hlpTrackerSchema = Schema.object(
    "HLPTrackerStats",
    [
      .init("vaults_tracked", .integer("Vaults followed")),
      .init("total_polls", .integer("Polls of all vaults")),
      .init("total_snapshots", .integer("Snapshot rows written")),
      .init("current_positions", .integer("Open positions of the vaults")),
      .init("child_vaults", .integer("Vaults found as children of the configured ones")),
      .init("total_errors", .integer("Polls that failed")),
      .init(
        "last_round_age_s", .nullable(.number("Seconds since the last complete round; null before the first"))
      ),
    ])

  static func hlpTracker(_ facts: HLPTrackerFacts, _ json: inout JSONWriter) {
    json.key("hlp_tracker")
    json.beginObject()
    json.count("vaults_tracked", facts.vaultsTracked)
    json.count("total_polls", facts.totalPolls)
    json.count("total_snapshots", facts.totalSnapshots)
    json.count("current_positions", facts.currentPositions)
    json.count("child_vaults", facts.childVaults)
    json.count("total_errors", facts.totalErrors)
    json.key("last_round_age_s")
    if let age = facts.lastRoundAge { json.tenths(age) } else { json.null() }
    json.endObject()
  }

  static let liqHeatmapSchema = Schema.object(
    "LiqHeatmapStats",
    [
      .init("cached_coins", .integer("Coins with a computed heatmap")),
      .init("last_recompute", .number("When the last computation ended, epoch seconds; 0 before the first")),
      .init("total_recomputes", .integer("Computations")),
      .init("last_duration_ms", .number("How long the last one took")),
    ])

  static func liqHeatmap(_ facts: LiqHeatmapFacts, _ json: inout JSONWriter) {
    json.key("liq_heatmap")
    json.beginObject()
    json.count("cached_coins", facts.cachedCoins)
    json.key("last_recompute")
    json.seconds(facts.lastRecompute)
    json.count("total_recomputes", facts.totalRecomputes)
    json.milliseconds("last_duration_ms", facts.lastDuration)
    json.endObject()
  }

  static let liquidationsSchema = Schema.object(
    "LiquidationStats",
    [
      .init("held", .integer("Events in memory")),
      .init("total_events", .integer("Events found")),
      .init("partial", .flag("Always true: only what the sources took part in is seen")),
      .init("sources", .list(liquidationSourceSchema, "Whose fills are read")),
    ])

  private static let liquidationSourceSchema = Schema.object(
    "LiquidationSource",
    [
      .init("source", .text("Its name")),
      .init("accounts", .integer("Accounts whose fills are read")),
      .init("total_events", .integer("Events it brought")),
    ])

  static func liquidations(_ facts: LiquidationsFacts, _ json: inout JSONWriter) {
    json.key("liquidations")
    json.beginObject()
    json.count("held", facts.held)
    json.count("total_events", facts.totalEvents)
    json.key("partial")
    json.bool(true)
    json.key("sources")
    json.beginArray()
    for source in facts.sources {
      json.beginObject()
      json.pair("source", source.name)
      json.count("accounts", source.accounts)
      json.count("total_events", source.totalEvents)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }

  static let profilerSchema = Schema.object(
    "ProfilerStats",
    [
      .init("profiles", .integer("Profiles in memory")),
      .init("queued", .integer("Wallets waiting")),
      .init("total_profiles", .integer("Profiles computed")),
      .init("total_on_demand", .integer("Profiles computed because a client asked")),
      .init("total_errors", .integer("Fetches or computations that failed")),
      .init("ranked", .integer("Wallets ranked")),
      .init("rankings_as_of", .nullable(.number("When rankings were computed, epoch seconds; null before"))),
    ])

  static func profiler(_ facts: ProfilerFacts, _ json: inout JSONWriter) {
    json.key("profiler")
    json.beginObject()
    json.count("profiles", facts.profiles)
    json.count("queued", facts.queued)
    json.count("total_profiles", facts.totalProfiles)
    json.count("total_on_demand", facts.totalOnDemand)
    json.count("total_errors", facts.totalErrors)
    json.count("ranked", facts.ranked)
    json.key("rankings_as_of")
    if let asOf = facts.rankingsAsOf { json.seconds(asOf) } else { json.null() }
    json.endObject()
  }

  static let marketSchema = Schema.object(
    "MarketStats",
    [
      .init("mids", .integer("Coins with a mid price")),
      .init("contexts", .integer("Coins with mark and open interest")),
      .init("source", .text("Where mids come from now")),
      .init("mids_age_s", .nullable(.number("Seconds since the last mids; null before the first"))),
      .init("total_rest_fallbacks", .integer("Requests made because the stream was stale")),
    ])

  static func market(_ facts: MarketFacts, _ json: inout JSONWriter) {
    json.key("market")
    json.beginObject()
    json.count("mids", facts.mids)
    json.count("contexts", facts.contexts)
    json.pair("source", facts.source)
    json.key("mids_age_s")
    if let age = facts.midsAge { json.tenths(age) } else { json.null() }
    json.count("total_rest_fallbacks", facts.totalRestFallbacks)
    json.endObject()
  }

  static let booksSchema = Schema.object(
    "L2SubscriberStats",
    [
      .init("coins", .integer("Coins configured")),
      .init("live", .integer("Coins whose book is fresh")),
      .init("total_books", .integer("Books received")),
    ])

  static func books(_ facts: BooksFacts, _ json: inout JSONWriter) {
    json.key("l2_subscriber")
    json.beginObject()
    json.count("coins", facts.coins)
    json.count("live", facts.live)
    json.count("total_books", facts.totalBooks)
    json.endObject()
  }
}
