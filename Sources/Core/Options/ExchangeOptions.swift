/// How the daemon meets the exchange: addresses, budget, feeds.

extension Option where Value == String {
  /// hyperliquid.rest_url
  public static let restURL = text(
    "hyperliquid", "rest_url", "https://api.hyperliquid.xyz",
    "REST address of the exchange; /info is appended. http:// only for loopback hosts."
  ) { OptionChecks.address($0, secure: "https", plain: "http") }
  /// hyperliquid.ws_url
  public static let wsURL = text(
    "hyperliquid", "ws_url", "wss://api.hyperliquid.xyz/ws",
    "WebSocket address of the exchange. ws:// only for loopback hosts."
  ) { OptionChecks.address($0, secure: "wss", plain: "ws") }
  /// hyperliquid.ca_file
  public static let caFile = text(
    "hyperliquid", "ca_file", "",
    "PEM file with further certificate authorities to trust besides the system's; empty = none."
  ) { _ in nil }
}

extension Option where Value == Int {
  /// rate_limit.max_weight_per_min
  public static let maxWeightPerMin = integer(
    "rate_limit", "max_weight_per_min", 1200, 60...100_000, unit: "weight/min",
    change: .live, "The exchange's REST budget per IP address.")
}

extension Option where Value == Double {
  /// rate_limit.safety_pct
  public static let safetyPct = number(
    "rate_limit", "safety_pct", 85, 1...100, unit: "%", change: .live,
    "The share of that budget the daemon uses.")
}

extension Option where Value == Bool {
  /// trade_stream.enabled
  public static let tradeStreamEnabled = flag(
    "trade_stream", "enabled", true, "Follow every trade of every listed perp.")
  /// l2_subscriber.enabled
  public static let l2Enabled = flag("l2_subscriber", "enabled", false, "Follow the order books of `coins`.")
}

extension Option where Value == [String] {
  /// l2_subscriber.coins
  public static let l2Coins = texts(
    "l2_subscriber", "coins", ["BTC", "ETH", "SOL"], count: 0...100, change: .live,
    "Coins whose books are followed.",
    check: OptionChecks.name)
}

extension Option where Value == [Int] {
  /// order_flow.windows
  public static let orderFlowWindows = integers(
    "order_flow", "windows", [60, 300, 900, 3600], 1...604_800, count: 1...8, unit: "s",
    "Rolling windows of the order flow.")
}

extension Options {
  static let rateLimitOptions = [Option<Int>.maxWeightPerMin.spec, Option<Double>.safetyPct.spec]
  static let tradeStreamOptions = [Option<Bool>.tradeStreamEnabled.spec]
  static let orderFlowOptions = [Option<[Int]>.orderFlowWindows.spec]
  static let l2SubscriberOptions = [Option<Bool>.l2Enabled.spec, Option<[String]>.l2Coins.spec]
  static let hyperliquidOptions = [
    Option<String>.restURL.spec, Option<String>.wsURL.spec, Option<String>.caFile.spec,
  ]
}
