/// Metrics of what is polled and computed: accounts, positions, vaults, profiles, prices, books.
import Base
import Engines
import Market

extension Metric {
  static let accounts: [Metric] = polls + known

  private static let polls: [Metric] = [
    .counter("hynous_polls_total", "Accounts polled") { $0.stats.positionPoller?.totalPolls },
    .counter("hynous_polls_failed_total", "Polls that failed") { $0.stats.positionPoller?.totalErrors },
    tier("hynous_tier_accounts", "Accounts in the tier") { $0.accounts },
    tier("hynous_tier_due", "Accounts whose poll is due and not sent") { $0.due },
    tierSeconds("hynous_tier_lag_seconds", "How late the most overdue poll is") { $0.lag },
    tierSeconds("hynous_tier_interval_seconds", "The interval configured") { $0.interval },
    tierSeconds("hynous_tier_achieved_seconds", "The interval achieved lately") { $0.achieved },
    .counter("hynous_position_changes_total", "Changes found in watched wallets") {
      $0.stats.positionPoller?.totalChanges
    },
    .counter("hynous_vault_polls_total", "Polls of the vaults") { $0.stats.hlpTracker?.totalPolls },
    .counter("hynous_vault_polls_failed_total", "Polls of the vaults that failed") {
      $0.stats.hlpTracker?.totalErrors
    },
    .seconds("hynous_vault_round_age_seconds", "Time since all vaults were polled; absent before") {
      $0.stats.hlpTracker?.lastRoundAge
    },
    .counter("hynous_profiles_total", "Profiles computed") { $0.stats.profiler?.totalProfiles },
    .counter("hynous_profiles_failed_total", "Profiles that could not be computed") {
      $0.stats.profiler?.totalErrors
    },
    .gauge("hynous_profile_queue", "Wallets waiting for their profile") { $0.stats.profiler?.queued },
  ]

  private static let known: [Metric] = [
    .gauge("hynous_addresses", "Distinct accounts known") { $0.health.addressesDiscovered },
    .gauge("hynous_positions", "Open positions held") { $0.health.positionsTracked },
    .gauge("hynous_coins", "Coins known, delisted ones included") { $0.coins.count },
    .gauge("hynous_coins_followed", "Coins whose trades are subscribed") {
      $0.stats.tradeStream?.subscribedCoins
    },
    .gauge("hynous_mids", "Coins with a fresh mid price") { $0.stats.market?.mids },
    .seconds("hynous_mids_age_seconds", "Time since the last mids; absent before the first") {
      $0.stats.market?.midsAge
    },
    .gauge("hynous_profiles", "Profiles held in memory") { $0.stats.profiler?.profiles },
    .gauge("hynous_ranked_wallets", "Wallets ranked") { $0.stats.profiler?.ranked },
    .gauge("hynous_watched_wallets", "Wallets watched") { $0.knowledge.watchList.count },
    .gauge("hynous_vaults", "Vaults followed") { $0.stats.hlpTracker?.vaultsTracked },
    .gauge("hynous_heatmaps", "Coins with a computed heatmap") { $0.stats.liqHeatmap?.cachedCoins },
    .seconds("hynous_heatmap_compute_seconds", "How long the last computation took") {
      $0.stats.liqHeatmap?.lastDuration
    },
    .gauge("hynous_books_live", "Order books that are fresh") { $0.stats.books?.live },
    Metric(.counter, "hynous_liquidations_total", "Liquidations found, by where they were seen") {
      call, samples in
      for source in call.views.stats.liquidations?.sources ?? [] {
        samples.add(source.totalEvents, ("source", source.name))
      }
    },
  ]

  private static func tier(
    _ name: StaticString, _ help: StaticString, _ read: @escaping @Sendable (TierFacts) -> Int
  ) -> Metric {
    Metric(.gauge, name, help) { call, samples in
      for (index, tier) in (call.views.stats.positionPoller?.tiers ?? []).enumerated() {
        samples.add(read(tier), ("tier", "\(index + 1)"))
      }
    }
  }

  private static func tierSeconds(
    _ name: StaticString, _ help: StaticString, _ read: @escaping @Sendable (TierFacts) -> TimeSpan?
  ) -> Metric {
    Metric(.gauge, name, help) { call, samples in
      for (index, tier) in (call.views.stats.positionPoller?.tiers ?? []).enumerated() {
        if let value = read(tier) { samples.add(value, ("tier", "\(index + 1)")) }
      }
    }
  }
}
