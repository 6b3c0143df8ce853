/// What is asked about accounts: positions, vaults, heatmap, profiles.

extension Option where Value == Bool {
  /// position_poller.enabled
  public static let positionPollerEnabled = flag(
    "position_poller", "enabled", true, "Poll the accounts that were seen trading.")
  /// hlp_tracker.enabled
  public static let hlpTrackerEnabled = flag("hlp_tracker", "enabled", true, "Follow the HLP vaults.")
  /// hlp_tracker.discover_children
  public static let discoverChildren = flag(
    "hlp_tracker", "discover_children", true, change: .live,
    "Also follow the child vaults that vaultDetails names.")
  /// smart_money.auto_curate_enabled
  public static let autoCurateEnabled = flag(
    "smart_money", "auto_curate_enabled", true, change: .live, "Watch good wallets by itself.")
  /// smart_money.auto_curate_exclude_bots
  public static let autoCurateExcludeBots = flag(
    "smart_money", "auto_curate_exclude_bots", true, change: .live, "Never auto-watch a bot.")
}

extension Option where Value == Int {
  /// position_poller.workers
  public static let pollWorkers = integer(
    "position_poller", "workers", 8, 1...64, unit: "requests", change: .live,
    "Account requests in flight at once.")
  /// heatmap.bucket_count
  public static let heatmapBuckets = integer(
    "heatmap", "bucket_count", 50, 1...1000, unit: "buckets", change: .live, "Buckets over the price range.")
  /// smart_money.min_trades_for_profile
  public static let minTradesForProfile = integer(
    "smart_money", "min_trades_for_profile", 5, 1...10_000, unit: "trades",
    change: .live, "Fewer finished trades give no profile.")
  /// smart_money.max_profiles_per_cycle
  public static let maxProfilesPerCycle = integer(
    "smart_money", "max_profiles_per_cycle", 50, 0...10_000, unit: "profiles",
    change: .live, "Profiles computed per refresh; 0: only for wallets asked for or newly seen.")
  /// smart_money.auto_curate_min_trades
  public static let autoCurateMinTrades = integer(
    "smart_money", "auto_curate_min_trades", 10, 0...100_000, unit: "trades", change: .live,
    "Floor for auto-watching.")
  /// smart_money.auto_curate_max_wallets
  public static let autoCurateMaxWallets = integer(
    "smart_money", "auto_curate_max_wallets", 20, 0...1000, unit: "wallets",
    change: .live, "Auto-watched wallets at the most.")
}

extension Option where Value == Double {
  /// position_poller.tier1_interval
  public static let tier1Interval = number(
    "position_poller", "tier1_interval", 30, 1...86_400, unit: "s",
    change: .live, "Between two polls of an account of tier 1.")
  /// position_poller.tier2_interval
  public static let tier2Interval = number(
    "position_poller", "tier2_interval", 120, 1...86_400, unit: "s", change: .live, "The same for tier 2.")
  /// position_poller.tier3_interval
  public static let tier3Interval = number(
    "position_poller", "tier3_interval", 600, 1...86_400, unit: "s", change: .live, "The same for tier 3.")
  /// position_poller.whale_threshold
  public static let whaleThreshold = number(
    "position_poller", "whale_threshold", 1_000_000, 0...1e12, unit: "USD",
    change: .live, "Total position size from which an account is of tier 1.")
  /// position_poller.mid_threshold
  public static let midThreshold = number(
    "position_poller", "mid_threshold", 100_000, 0...1e12, unit: "USD", change: .live, "The same for tier 2.")
  /// hlp_tracker.poll_interval
  public static let hlpPollInterval = number(
    "hlp_tracker", "poll_interval", 60, 1...86_400, unit: "s", change: .live, "Between two polls of a vault.")
  /// heatmap.recompute_interval
  public static let heatmapInterval = number(
    "heatmap", "recompute_interval", 10, 1...86_400, unit: "s", change: .live, "Between two computations.")
  /// heatmap.range_pct
  public static let heatmapRange = number(
    "heatmap", "range_pct", 15, 0.1...99, unit: "%", change: .live, "Prices covered on each side of the mid.")
  /// smart_money.profile_window_days
  public static let profileWindowDays = number(
    "smart_money", "profile_window_days", 7, 0.1...90, unit: "days", change: .live,
    "Fills a profile looks at.")
  /// smart_money.profile_refresh_hours
  public static let profileRefreshHours = number(
    "smart_money", "profile_refresh_hours", 2, 0.1...720, unit: "h",
    change: .live, "Between two computations of a profile.")
  /// smart_money.min_equity
  public static let minEquity = number(
    "smart_money", "min_equity", 50_000, 0...1e12, unit: "USD",
    change: .live, "Equity from which a new account is profiled.")
  /// smart_money.bot_trades_per_day
  public static let botTradesPerDay = number(
    "smart_money", "bot_trades_per_day", 50, 0...1e6, unit: "trades/day", change: .live, "A bot when above.")
  /// smart_money.bot_avg_hold_min
  public static let botAvgHoldMin = number(
    "smart_money", "bot_avg_hold_min", 2, 0...1e6, unit: "min", change: .live,
    "A bot when the average hold is below.")
  /// smart_money.alert_min_size_usd
  public static let alertMinSizeUsd = number(
    "smart_money", "alert_min_size_usd", 50_000, 0...1e12, unit: "USD",
    change: .live, "Threshold consumers read for alerts.")
  /// smart_money.alert_min_win_rate
  public static let alertMinWinRate = number(
    "smart_money", "alert_min_win_rate", 0.55, 0...1, unit: "", change: .live,
    "Threshold consumers read for alerts.")
  /// smart_money.auto_curate_min_win_rate
  public static let autoCurateMinWinRate = number(
    "smart_money", "auto_curate_min_win_rate", 0.55, 0...1, unit: "", change: .live,
    "Floor for auto-watching.")
  /// smart_money.auto_curate_min_profit_factor
  public static let autoCurateMinProfitFactor = number(
    "smart_money", "auto_curate_min_profit_factor", 1.5, 0...999, unit: "", change: .live,
    "Floor for auto-watching.")
}

extension Option where Value == [String] {
  /// hlp_tracker.vaults
  public static let hlpVaults = texts(
    "hlp_tracker", "vaults",
    [
      "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303", "0x010461c14e146ac35fe42271bdc1134ee31c703a",
      "0x35cfc9c671b9a2f43fa23f3f08fb46e6a893463e",
    ], count: 0...64, change: .live, "Vault addresses, in the order answers list them.",
    check: OptionChecks.account)
}

extension Options {
  static let positionPollerOptions = [
    Option<Bool>.positionPollerEnabled.spec, Option<Int>.pollWorkers.spec, Option<Double>.tier1Interval.spec,
    Option<Double>.tier2Interval.spec, Option<Double>.tier3Interval.spec, Option<Double>.whaleThreshold.spec,
    Option<Double>.midThreshold.spec,
  ]
  static let hlpTrackerOptions = [
    Option<Bool>.hlpTrackerEnabled.spec, Option<Double>.hlpPollInterval.spec, Option<[String]>.hlpVaults.spec,
    Option<Bool>.discoverChildren.spec,
  ]
  static let heatmapOptions = [
    Option<Double>.heatmapInterval.spec, Option<Int>.heatmapBuckets.spec, Option<Double>.heatmapRange.spec,
  ]
  static let smartMoneyOptions = [
    Option<Double>.profileWindowDays.spec, Option<Double>.profileRefreshHours.spec,
    Option<Double>.minEquity.spec, Option<Int>.minTradesForProfile.spec,
    Option<Double>.botTradesPerDay.spec, Option<Double>.botAvgHoldMin.spec,
    Option<Int>.maxProfilesPerCycle.spec, Option<Double>.alertMinSizeUsd.spec,
    Option<Double>.alertMinWinRate.spec, Option<Bool>.autoCurateEnabled.spec,
    Option<Double>.autoCurateMinWinRate.spec, Option<Int>.autoCurateMinTrades.spec,
    Option<Double>.autoCurateMinProfitFactor.spec, Option<Int>.autoCurateMaxWallets.spec,
    Option<Bool>.autoCurateExcludeBots.spec,
  ]
}
