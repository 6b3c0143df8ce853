import Engines
import Market

@testable import API

/// The requests whose answers are kept in `Tests/Golden`, at least one per route: `<route>-<case>.json`. Those of
/// the market and of wallets are in `GoldenCasesMore.swift`.
struct GoldenCase: Sendable {
  var route: String
  var name: String
  var method = "GET"
  var path: String
  var headers: [(String, String)] = []
  /// The request's body; sent as JSON unless `headers` say otherwise.
  var body: String?
  var fill: @Sendable (Views) -> Void = { _ in }
  /// What the stand-in for Core does with what is asked of it.
  var store: @Sendable (TestStore) -> Void = { _ in }

  var file: String { "\(route)-\(name).json" }

  static let all: [GoldenCase] = service + market + smartMoney + writes + errors

  private static let service: [GoldenCase] = [
    GoldenCase(route: "health", name: "ok", path: "/health"),
    GoldenCase(route: "health", name: "head", method: "HEAD", path: "/health"),
    GoldenCase(route: "health", name: "close", path: "/health", headers: [("Connection", "close")]),
    GoldenCase(route: "health", name: "stream-disabled", path: "/health") { $0.health.wsHealthy = nil },
    GoldenCase(route: "health", name: "degraded", path: "/health") { views in
      views.health.wsHealthy = false
      views.health.reasons = ["no trades for 31 s", "database: disk is full"]
    },
    GoldenCase(route: "livez", name: "ok", path: "/livez"),
    GoldenCase(route: "readyz", name: "ok", path: "/readyz"),
    GoldenCase(route: "readyz", name: "unready", path: "/readyz") { views in
      views.readiness.reasons = [
        (.streamStale, "no trade for 41 seconds"), (.database, "database: disk_full"),
      ]
    },
    GoldenCase(route: "stats", name: "stream-only", path: "/v1/stats"),
    GoldenCase(route: "stats", name: "all", path: "/v1/stats", fill: FixedViews.addAllComponents),
    GoldenCase(route: "stats", name: "bare", path: "/v1/stats") { $0.stats = StatsFacts() },
    GoldenCase(route: "stats", name: "no-trade-yet", path: "/v1/stats") {
      $0.stats.tradeStream = TradeStreamFacts()
    },
    GoldenCase(route: "stats", name: "nothing-yet", path: "/v1/stats") { views in
      views.stats.positionPoller = PositionPollerFacts()
      views.stats.hlpTracker = HLPTrackerFacts()
      views.stats.liqHeatmap = LiqHeatmapFacts()
      views.stats.liquidations = LiquidationsFacts()
      views.stats.profiler = ProfilerFacts()
      views.stats.market = MarketFacts()
    },
    GoldenCase(route: "metrics", name: "all", path: "/metrics", fill: FixedViews.addAllComponents),
    GoldenCase(route: "metrics", name: "bare", path: "/metrics") { $0.stats = StatsFacts() },
    GoldenCase(route: "openapi", name: "ok", path: "/openapi.json"),
    GoldenCase(route: "docs", name: "ok", path: "/docs"),
  ]

  private static let errors: [GoldenCase] = [
    GoldenCase(route: "error", name: "unknown-path", path: "/v1/nope"),
    GoldenCase(route: "error", name: "root", path: "/"),
    GoldenCase(route: "error", name: "method", method: "DELETE", path: "/v1/stats"),
    GoldenCase(route: "error", name: "two-methods", method: "PUT", path: "/v1/smart-money/watch/abcdefghij"),
    GoldenCase(route: "error", name: "options", method: "OPTIONS", path: "/health"),
    GoldenCase(route: "error", name: "final-slash", path: "/v1/orderflow/BTC/?x=1"),
    GoldenCase(route: "error", name: "path-not-utf8", path: "/v1/orderflow/%FF"),
    GoldenCase(
      route: "error", name: "foreign-host", path: "/health", headers: [("Host", "evil.example:8100")]),
  ]
}
