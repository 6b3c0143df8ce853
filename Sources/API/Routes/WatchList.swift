/// `GET /v1/smart-money/watchlist`: the watched wallets and what is known of them, newest first.
import Engines
import Market
import Wire

extension Route {
  static let watchList = Route(
    .get, "/v1/smart-money/watchlist", name: "watchlist", summary: "Watched wallets",
    about: "The watched wallets, those added last first, with their profiles as far as they are known.",
    answers: [
      Answer(
        200, "The wallets",
        .object("WatchList", [.init("wallets", .list(walletSchema, "Newest first"))]),
        example: """
          {"wallets":[{"address":"0x003b615bb9059f1e469121f0aec10c7ed4b055f2","label":"auto | 57% WR | scalper",\
          "added_at":1795353276.756,"notes":"","tags":"","win_rate":0.5714,"trade_count":28,\
          "profit_factor":2.98,"avg_hold_hours":0.2,"style":"scalper","is_bot":0,"equity":82699.665802,\
          "computed_at":1795353266.293,"positions_count":5}]}
          """)
    ], isTagged: true
  ) { call in
    let knowledge = call.views.knowledge
    // Each only grows, so their sum changes when one of them does.
    let version = knowledge.watchList.version &+ knowledge.profiles.version &+ knowledge.positions.version
    if call.version(version) { return }
    var json = call.begin(200)
    json.beginObject()
    json.key("wallets")
    json.beginArray()
    knowledge.watchList.forEach { wallet in
      let account = wallet.address.flatMap { knowledge.book.find($0) }
      let profile = account.flatMap { knowledge.profiles.of($0) }
      json.beginObject()
      json.pair("address", wallet.key)
      json.pair("label", wallet.label)
      json.time("added_at", wallet.addedAt)
      json.pair("notes", wallet.notes)
      json.pair("tags", wallet.tags)
      ProfileAnswer.orNulls(profile, &json)
      json.count("positions_count", account.map { knowledge.positions.count(of: $0) } ?? 0)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }

  private static let walletSchema = Schema.object(
    "WatchedWallet",
    [
      .init("address", Words.address),
      .init("label", Words.label),
      .init("added_at", .number("When it was first watched, epoch seconds")),
      .init("notes", Words.notes),
      .init("tags", Words.tags),
      .init("win_rate", Words.winRate),
      .init("trade_count", Words.tradeCount),
      .init("profit_factor", Words.profitFactor),
      .init("avg_hold_hours", Words.avgHoldHours),
      .init("style", Words.style),
      .init("is_bot", .nullable(.integer("1 for a bot, 0 for none; null until profiled"))),
      .init("equity", .nullable(.number("Equity when it was profiled, USD"))),
      .init("computed_at", .nullable(.number("When it was profiled, epoch seconds"))),
      .init("positions_count", .integer("Open positions")),
    ])
}

/// A profile as several answers show it.
enum ProfileAnswer {
  /// Writes the members from `win_rate` to `computed_at` of a watched wallet, each `null` without a profile.
  static func orNulls(_ profile: Profile?, _ json: inout JSONWriter) {
    guard let profile else {
      json.null("win_rate")
      json.null("trade_count")
      json.null("profit_factor")
      json.null("avg_hold_hours")
      json.null("style")
      json.null("is_bot")
      json.null("equity")
      json.null("computed_at")
      return
    }
    json.number("win_rate", profile.winRate)
    json.count("trade_count", profile.tradeCount)
    json.number("profit_factor", profile.profitFactor)
    json.number("avg_hold_hours", profile.avgHoldHours)
    json.key("style")
    json.string(profile.style.text)
    json.bit("is_bot", profile.isBot)
    json.key("equity")
    equity(profile.equity, &json)
    json.time("computed_at", profile.computedAt)
  }

  static func equity(_ equity: Usd?, _ json: inout JSONWriter) {
    if let equity { json.decimal(raw: equity.micros, scale: 6, places: 6) } else { json.null() }
  }
}
