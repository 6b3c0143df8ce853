/// `GET /v1/smart-money`: the accounts that gained most in 24 hours, filtered by how they trade.
///
/// Reads the engine's ranking from the top until `top_n` rows passed the filters; only those are printed.
import Base
import Engines
import Market
import Wire

extension Route {
  static let smartMoney = Route(
    .get, "/v1/smart-money", name: "smart-money", summary: "Accounts by profit of 24 hours",
    about: """
      Accounts by the change of their equity over the last 24 hours, best first. Filters apply first, then the list \
      is cut to `top_n`; `count` is the rows returned. Filters on a profile leave out accounts without one, \
      `exclude_bots` keeps them. `as_of` is when the ranking was computed.
      """,
    parameters: [
      .integer("top_n", 50, atLeast: 1, atMost: 200, "How many accounts"),
      .number("min_win_rate", 0, atLeast: 0, atMost: 1, "The least share of winning trades"),
      .text("style", "", "Comma separated: `scalper`, `mixed`, `swing`, `bot`; empty means all"),
      .flag("exclude_bots", false, "Leave out bots"),
      .integer("min_trades", 0, atLeast: 0, "The fewest closed trades"),
      .number("min_equity", 0, atLeast: 0, "The least equity, USD"),
      .number("max_hold_hours", 0, atLeast: 0, "The longest mean holding time; 0 means any"),
    ],
    answers: [Answer(200, "The ranking", SmartMoneyAnswer.schema, example: SmartMoneyAnswer.example)],
    isTagged: true
  ) { call in
    let views = call.views
    let knowledge = views.knowledge
    // Each only grows, so their sum changes when one of them does.
    let version = knowledge.rankings.version &+ knowledge.positions.version &+ knowledge.profiles.version
    if call.version(version) { return }
    let filter = SmartMoneyAnswer.Filter(call)
    let topN = Int(call.integer(0))
    var json = call.begin(200)
    json.beginObject()
    json.key("rankings")
    json.beginArray()
    var count = 0
    for row in knowledge.rankings.rows {
      let profile = knowledge.profiles.of(row.account)
      guard filter.passes(row, profile) else { continue }
      SmartMoneyAnswer.write(row, profile, views, &json)
      count += 1
      if count == topN { break }
    }
    json.endArray()
    json.count("count", count)
    json.count("window_hours", 24)
    json.key("as_of")
    json.seconds(knowledge.rankings.asOf ?? views.now.wall)
    json.endObject()
  }
}

/// The parts of smart-money answers, written and described next to each other.
enum SmartMoneyAnswer {
  static let schema = Schema.object(
    "SmartMoney",
    [
      .init("rankings", .list(rowSchema, "Best first")),
      .init("count", .integer("Rows")),
      .init("window_hours", .integer("The ranking's window: 24")),
      .init("as_of", .number("When the ranking was computed, epoch seconds")),
    ])

  private static let rowSchema = Schema.object(
    "RankedAccount",
    [
      .init("address", Words.address),
      .init("equity", .number("Equity, to the cent")),
      .init("pnl_24h", .number("Last minus first equity of the last 24 hours, to the cent")),
      .init("pnl_pct_24h", .number("The same in percent of the first, two decimals")),
      .init("positions", .list(positionSchema, "Open positions, by coin")),
      .init("win_rate", Words.winRate),
      .init("style", Words.style),
      .init("is_bot", .integer("1 for a bot; 0 for none, or until profiled")),
      .init("trade_count", Words.tradeCount),
      .init("profit_factor", Words.profitFactor),
      .init("avg_hold_hours", Words.avgHoldHours),
    ])

  private static let positionSchema = Schema.object(
    "RankedPosition",
    [
      .init("address", Words.address),
      .init("coin", Words.coin),
      .init("side", Words.side),
      .init("size_usd", Words.sizeUsd),
      .init("unrealized_pnl", Words.unrealizedPnl),
    ])

  static let example = """
    {"rankings":[{"address":"0xcb1f08cf9cb64b53f4f47a79177063560490730f","equity":32355905.67,\
    "pnl_24h":40613.76,"pnl_pct_24h":0.13,"positions":[{"address":\
    "0xcb1f08cf9cb64b53f4f47a79177063560490730f","coin":"TRX","side":"short","size_usd":21971121.12,\
    "unrealized_pnl":59997.6}],"win_rate":0.5714,"style":"scalper","is_bot":0,"trade_count":28,\
    "profit_factor":2.98,"avg_hold_hours":0.2}],"count":1,"window_hours":24,"as_of":1795353384.2}
    """

  /// What a request asks of an account.
  struct Filter {
    var minWinRate = 0.0
    /// `nil` means any style.
    var styles: [TradingStyle]?
    var excludesBots = false
    var minTrades: Int64 = 0
    var minEquity = 0.0
    var maxHoldHours = 0.0

    init(_ call: RouteCall) {
      minWinRate = call.number(1)
      styles = Filter.styles(call.text(2))
      excludesBots = call.flag(3)
      minTrades = call.integer(4)
      minEquity = call.number(5)
      maxHoldHours = call.number(6)
    }

    init() {}

    /// The styles of a comma list; blanks and empty places do not count. A word that is no style matches nobody.
    static func styles(_ text: UnsafeRawBufferPointer) -> [TradingStyle]? {
      guard !text.isEmpty else { return nil }
      let parts = String(decoding: text, as: UTF8.self).split(separator: ",")
      let words = parts.map { AddressKey.of(String($0)) }.filter { !$0.isEmpty }
      return words.isEmpty ? nil : words.compactMap { TradingStyle(text: $0) }
    }

    /// Whether the account is asked for; a bound of 0 asks nothing.
    func passes(_ row: Ranking, _ profile: Profile?) -> Bool {
      if minEquity > 0, row.equity.double < minEquity { return false }
      if excludesBots, profile?.isBot == true { return false }
      if minWinRate > 0, profile.map({ $0.winRate < minWinRate }) ?? true { return false }
      if minTrades > 0, profile.map({ Int64($0.tradeCount) < minTrades }) ?? true { return false }
      if maxHoldHours > 0, profile.map({ $0.avgHoldHours > maxHoldHours }) ?? true { return false }
      if let styles { return profile.map { styles.contains($0.style) } ?? false }
      return true
    }
  }

  static func write(_ row: Ranking, _ profile: Profile?, _ views: Views, _ json: inout JSONWriter) {
    let address = views.knowledge.book.address(row.account)
    json.beginObject()
    json.address("address", address)
    json.cents("equity", row.equity)
    json.cents("pnl_24h", row.pnl)
    json.rounded("pnl_pct_24h", row.pnlPct, 2)
    json.key("positions")
    json.beginArray()
    views.accountPositions.forEach(of: row.account, views) { position in
      json.beginObject()
      json.address("address", address)
      json.pair("coin", views.coins[position.coin].name)
      json.side(position.isLong)
      json.usd("size_usd", position.sizeUsd)
      json.usd("unrealized_pnl", position.unrealizedPnl)
      json.endObject()
    }
    json.endArray()
    if let profile {
      json.number("win_rate", profile.winRate)
      json.key("style")
      json.string(profile.style.text)
      json.bit("is_bot", profile.isBot)
      json.count("trade_count", profile.tradeCount)
      json.number("profit_factor", profile.profitFactor)
      json.number("avg_hold_hours", profile.avgHoldHours)
    } else {
      json.null("win_rate")
      json.null("style")
      json.bit("is_bot", false)
      json.null("trade_count")
      json.null("profit_factor")
      json.null("avg_hold_hours")
    }
    json.endObject()
  }
}
