/// The register of options, in the order `config/default.yaml` prints them.
extension Options {
  /// Every option of every section.
  public static let all: [OptionSpec] =
    serverOptions + dbOptions + rateLimitOptions + tradeStreamOptions + positionPollerOptions
    + hlpTrackerOptions + heatmapOptions + orderFlowOptions + l2SubscriberOptions + smartMoneyOptions
    + hyperliquidOptions + runtimeOptions
}
