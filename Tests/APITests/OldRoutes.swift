import Wire

@testable import API

/// The replaced service's routes with their parameters as it declares them, answering only `{}`: what is
/// tested with them is matching and the taking of parameters.
enum OldRoutes {
  static let all: [Route] = [
    route(.get, "/health"),
    route(.get, "/v1/heatmap/{coin}", [coin]),
    route(.get, "/v1/orderflow/{coin}", [coin]),
    route(
      .get, "/v1/whales/{coin}", [coin, .integer("top_n", 50, atLeast: 1, atMost: 500, "How many")]),
    route(.get, "/v1/hlp/positions"),
    route(.get, "/v1/hlp/sentiment", [.number("hours", 24, atLeast: 1, atMost: 168, "Window")]),
    route(.get, "/v1/smart-money", smartMoney),
    route(.get, "/v1/smart-money/watchlist"),
    route(.get, "/v1/smart-money/changes", [.integer("minutes", 30, atLeast: 1, atMost: 1440, "Window")]),
    route(
      .get, "/v1/smart-money/wallet/{address}",
      [address, .integer("days", 30, atLeast: 1, atMost: 90, "Window")]),
    route(
      .get, "/v1/smart-money/wallet/{address}/trades",
      [address, .integer("limit", 50, atLeast: 1, atMost: 200, "How many")]),
    route(.get, "/v1/smart-money/wallet/{address}/alerts", [address]),
    route(.post, "/v1/smart-money/wallet/{address}/alerts", [address]),
    route(.delete, "/v1/smart-money/alert/{alert_id}", [.pathInteger("alert_id", "The alert")]),
    route(.get, "/v1/smart-money/alerts/active"),
    route(.post, "/v1/smart-money/watch"),
    route(.delete, "/v1/smart-money/watch/{address}", [address]),
    route(.patch, "/v1/smart-money/watch/{address}", [address]),
    route(.post, "/v1/historical/record"),
  ]

  private static let coin = Parameter.path("coin", "The coin")
  private static let address = Parameter.path("address", "The account")
  private static let smartMoney: [Parameter] = [
    .integer("top_n", 50, atLeast: 1, atMost: 200, "How many"),
    .number("min_win_rate", 0, atLeast: 0, atMost: 1, "At least"),
    .text("style", "", "Comma list"),
    .flag("exclude_bots", false, "Without bots"),
    .integer("min_trades", 0, atLeast: 0, "At least"),
    .number("min_equity", 0, atLeast: 0, "At least"),
    .number("max_hold_hours", 0, atLeast: 0, "At most"),
  ]

  private static func route(
    _ method: Route.Method, _ path: StaticString, _ parameters: [Parameter] = []
  ) -> Route {
    Route(
      method, path, name: "\(method.text)\(path)", summary: "", about: "", parameters: parameters,
      answers: [.init(200, "", .object(nil, []))]
    ) { call in
      var json = call.begin(200)
      json.beginObject()
      json.endObject()
    }
  }
}
