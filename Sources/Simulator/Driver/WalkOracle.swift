import Base
import Core
import Market

/// A client that walks all routes with drawn parameters, right and wrong ones, so that every kind of answer is held
/// against its schema, and lists of events are looked through for doubles.
extension Simulation {
  /// Asks for one drawn page, at every fourth probe or so. Draws of its own: what else the seed decided stays as it is.
  func walk() {
    var random = PRNG(seed: seed ^ UInt64(counts.steps) &* 0x9E37_79B9 ^ 0x77_61_6c_6b)
    guard random.below(4) == 0, let client = connectClient() else { return }
    client.mayLose = true
    let path = schemas.isReady ? page(&random) : "/openapi.json"
    client.expected.append(.init(path: path, statuses: 200...503, body: .walked))
    add(.client(client, .send(Simulation.request(path))), in: .milliseconds(1))
    add(.client(client, .leave), in: .seconds(6))
  }

  private func page(_ random: inout PRNG) -> String {
    func any(_ words: [String]) -> String { words[random.below(words.count)] }
    let coin = any([exchange.world.coinName(random.below(exchange.world.coinCount)), "btc", "nosuch", "%ff"])
    let account = "\(exchange.world.address(random.below(exchange.world.accountCount)))"
    let address = any([account, account, Simulation.strangerAddress, "0x12"])
    kept.asked.insert(account)
    let number = any(["1", "24", "1000", "0", "-1", "x", "99999999999"])
    return any([
      "/health", "/livez", "/readyz", "/metrics", "/docs", "/v1/stats", "/v1/coins", "/v1/orderflow",
      "/v1/orderflow/\(coin)", "/v1/heatmap/\(coin)", "/v1/whales/\(coin)?top_n=\(number)",
      "/v1/book/\(coin)",
      "/v1/liquidations?limit=1000&hours=24", "/v1/liquidations?coin=\(coin)&hours=\(number)",
      "/v1/hlp/positions", "/v1/hlp/sentiment?hours=\(number)", "/v1/smart-money?top_n=\(number)",
      "/v1/smart-money?min_win_rate=\(number)&exclude_bots=true", "/v1/smart-money/watchlist",
      "/v1/smart-money/wallet/\(address)?days=\(number)",
      "/v1/smart-money/wallet/\(address)/trades?limit=\(number)",
      "/v1/smart-money/wallet/\(address)/alerts", "/v1/smart-money/changes?minutes=\(number)",
      "/v1/smart-money/alerts/active",
    ])
  }

  /// No event is told twice.
  func checkDoubles(_ path: String, _ value: RequestValue) {
    if path.hasPrefix("/v1/liquidations") { return checkLiquidations(value) }
    guard path.hasPrefix("/v1/smart-money/wallet/") else { return }
    for list in ["trades", "changes", "positions", "alerts"] {
      let rows = value[list]?.items ?? []
      for (index, row) in rows.enumerated().dropFirst() where rows[index - 1] == row {
        complain(.accounts, "\(path): a row of \(list) is told twice")
      }
    }
  }
  /// Every liquidation told is one of the world's, and none is told more often than it was carried out.
  private func checkLiquidations(_ value: RequestValue) {
    var told: [LiquidationEvent: Int] = [:]
    for row in value["liquidations"]?.items ?? [] {
      guard let name = row["coin"]?.text, let coin = exchange.world.coinIndex(name),
        let at = row["occurred_at"]?.number, let user = row["address"]?.address
      else { return complain(.accounts, "a liquidation without coin, time or user") }
      let event = LiquidationEvent(coin: coin, timeMs: Int64((at * 1000).rounded()), user: user)
      guard exchangeNow.ms - event.timeMs < World.liquidationsKept.milliseconds else { continue }
      told[event, default: 0] += 1
    }
    for (event, count) in told {
      counts.liquidations += 1
      let truth = exchange.world.liquidations[event] ?? 0
      if count > truth { complain(.accounts, "\(event) is told \(count) times and happened \(truth) times") }
    }
  }
}
