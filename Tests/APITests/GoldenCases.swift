import Market

@testable import API

/// The requests whose answers are kept in `Tests/Golden`, at least one per route: `<route>-<case>.json`.
struct GoldenCase: Sendable {
  var route: String
  var name: String
  var method = "GET"
  var path: String
  var headers: [(String, String)] = []
  var fill: @Sendable (Views) -> Void = { _ in }

  var file: String { "\(route)-\(name).json" }

  static let all: [GoldenCase] = [
    GoldenCase(route: "health", name: "ok", path: "/health"),
    GoldenCase(route: "health", name: "head", method: "HEAD", path: "/health"),
    GoldenCase(route: "health", name: "close", path: "/health", headers: [("Connection", "close")]),
    GoldenCase(route: "health", name: "stream-disabled", path: "/health") { $0.health.wsHealthy = nil },
    GoldenCase(route: "health", name: "degraded", path: "/health") { views in
      views.health.wsHealthy = false
      views.health.reasons = ["no trades for 31 s", "database: disk is full"]
    },
    GoldenCase(route: "stats", name: "stream-only", path: "/v1/stats"),
    GoldenCase(route: "stats", name: "all", path: "/v1/stats", fill: FixedViews.addAllComponents),
    GoldenCase(route: "stats", name: "bare", path: "/v1/stats") { $0.stats = StatsFacts() },
    GoldenCase(route: "stats", name: "no-trade-yet", path: "/v1/stats") {
      $0.stats.tradeStream = TradeStreamFacts()
    },
    GoldenCase(route: "orderflow", name: "gap", path: "/v1/orderflow/BTC"),
    GoldenCase(route: "orderflow", name: "any-capitals", path: "/v1/orderflow/KPEPE"),
    GoldenCase(route: "orderflow", name: "open-gap", path: "/v1/orderflow/XYZ:tsla"),
    GoldenCase(route: "orderflow", name: "slash", path: "/v1/orderflow/purr%2Fusdc"),
    GoldenCase(route: "orderflow", name: "listed-never-traded", path: "/v1/orderflow/ETH"),
    GoldenCase(route: "orderflow", name: "unknown", path: "/v1/orderflow/nope"),
    GoldenCase(route: "orderflow", name: "unicode", path: "/v1/orderflow/%E2%82%BFx"),
    GoldenCase(route: "orderflow", name: "quotes", path: "/v1/orderflow/a%22%5C%0Ab"),
    GoldenCase(route: "orderflow-all", name: "ok", path: "/v1/orderflow"),
    GoldenCase(route: "orderflow-all", name: "empty", path: "/v1/orderflow") { $0.coins = .init() },
    GoldenCase(route: "openapi", name: "ok", path: "/openapi.json"),
    GoldenCase(route: "docs", name: "ok", path: "/docs"),
    GoldenCase(route: "error", name: "unknown-path", path: "/v1/nope"),
    GoldenCase(route: "error", name: "root", path: "/"),
    GoldenCase(route: "error", name: "method", method: "DELETE", path: "/v1/stats"),
    GoldenCase(route: "error", name: "options", method: "OPTIONS", path: "/health"),
    GoldenCase(route: "error", name: "final-slash", path: "/v1/orderflow/BTC/?x=1"),
    GoldenCase(route: "error", name: "path-not-utf8", path: "/v1/orderflow/%FF"),
    GoldenCase(
      route: "error", name: "foreign-host", path: "/health", headers: [("Host", "evil.example:8100")]),
  ]
}
