/// The register of endpoints, in the order of the documentation. A new endpoint is a file in `Routes/`, a
/// line here and a golden answer; the tests fail on a file that is not listed and on a route without goldens.
extension Route {
  /// Every route.
  public static let all: [Route] = [
    .health,
    .livez,
    .readyz,
    .stats,
    .metrics,
    .coins,
    .heatmap,
    .orderFlow,
    .orderFlowAll,
    .whales,
    .orderBook,
    .liquidations,
    .hlpPositions,
    .hlpSentiment,
    .smartMoney,
    .watchList,
    .wallet,
    .walletTrades,
    .changes,
    .watch,
    .unwatch,
    .patchWatch,
    .addAlert,
    .alerts,
    .removeAlert,
    .activeAlerts,
    .record,
    .openAPI,
    .docs,
  ]
}
