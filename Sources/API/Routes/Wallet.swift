/// `GET /v1/smart-money/wallet/{address}`: everything known of one wallet.
///
/// A profile that is missing, or too old or short for the window asked for, is computed on demand: the request
/// waits up to three seconds and is then answered with what there is.
import Base
import Engines
import Market
import Wire

extension Route {
  static let wallet = Route(
    .get, "/v1/smart-money/wallet/{address}", name: "wallet", summary: "One wallet",
    about: """
      Profile, open positions, changes of the last 24 hours, closed trades and alerts of one wallet. The profile's \
      keys are absent until it was computed. `profile_status` is `pending` while a profile for the window asked for \
      is being computed; ask again. `complete_from` is set when the exchange hands out no older fills.
      """,
    parameters: [
      .path("address", "The account; blanks around it and capitals do not matter"),
      .integer("days", 30, atLeast: 1, atMost: 90, "Days of trades the profile should look at"),
    ],
    example: "/v1/smart-money/wallet/0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55",
    answers: [
      Answer(200, "The wallet", WalletAnswer.schema, example: WalletAnswer.example),
      Answer(
        404, "It is not an address: 0x and 40 hex digits", Words.error,
        example: #"{"error":"Address not found in system"}"#),
    ]
  ) { call in
    guard let address = Address(call.key(0)) else { return call.error(404, "Address not found in system") }
    guard let isReady = WalletAnswer.wait(for: address, days: Int(call.integer(1)), call) else { return }
    WalletAnswer.write(address, isReady: isReady, call)
  }
}

/// The parts of wallet answers, written and described next to each other.
enum WalletAnswer {
  /// How long a request waits for a profile.
  static let waitMax = TimeSpan.seconds(3)
  /// Trades of one answer.
  static let tradesMax = 50
  /// Changes of one answer.
  static let changesMax = 20
  /// How old a change of the answer may be.
  static let changesMs: Int64 = 86_400_000

  static let schema = Schema.object(
    "Wallet",
    [
      .init("address", Words.address),
      .sometimes("computed_at", .number("When the profile was computed, epoch seconds")),
      .sometimes("win_rate", .number("Winning trades' share, 0 to 1")),
      .sometimes("trade_count", .integer("Closed trades")),
      .sometimes("profit_factor", .number("Profits over losses; 999 without a loss, 0 without either")),
      .sometimes("avg_hold_hours", .number("Mean hours from entry to exit")),
      .sometimes("avg_pnl_pct", .number("Mean profit over entry notional, a fraction")),
      .sometimes("max_drawdown", .number("Deepest fall of the summed profit below its peak, USD")),
      .sometimes("style", .choice(["bot", "scalper", "mixed", "swing"], "How it trades")),
      .sometimes("is_bot", .integer("1 for a bot")),
      .init("equity", .nullable(.number("Equity, USD; null until it was seen"))),
      .init("positions", .list(positionSchema, "Open positions, by coin")),
      .init(
        "recent_changes",
        .list(.object("WalletChange", ChangeAnswer.fields), "Of the last 24 hours, newest first, at most 20")),
      .init("trades", .list(TradeAnswer.schema, "Closed trades, newest exit first, at most 50")),
      .init("is_watched", .flag("Whether it is watched")),
      .init("label", Words.label),
      .init("notes", Words.notes),
      .init("tags", Words.tags),
      .init("alerts", .list(alertSchema, "In force, by number")),
      .init(
        "profile_status", .choice(["ready", "pending"], "Whether the profile is for the window asked for")),
      .sometimes("profile_days", .number("Days of fills the profile looked at")),
      .sometimes(
        "complete_from",
        .nullable(.number("Fills are complete only from here; null when the window is whole"))),
      .sometimes("fill_gaps", .integer("Breaks in the chain of fills: trades nobody was shown")),
    ])

  private static let positionSchema = Schema.object(
    "WalletPosition",
    [
      .init("coin", Words.coin),
      .init("side", Words.side),
      .init("size_usd", Words.sizeUsd),
      .init("entry_px", Words.entryPx),
      .init("mark_px", Words.markPx),
      .init("leverage", Words.leverage),
      .init("unrealized_pnl", Words.unrealizedPnl),
    ])

  private static let alertSchema = Schema.object(
    "WalletAlert",
    [.init("id", .integer("The alert's number"))] + AlertAnswer.fields + [
      .init("created_at", .number("When it was added, epoch seconds"))
    ])

  static let example = """
    {"address":"0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55","computed_at":1795353320.626,"win_rate":0.4543,\
    "trade_count":427,"profit_factor":0.7,"avg_hold_hours":0.01,"avg_pnl_pct":-0.001,\
    "max_drawdown":101146.77,"style":"bot","is_bot":1,"equity":445165.564273,"positions":[],\
    "recent_changes":[],"trades":[],"is_watched":false,"label":"","notes":"","tags":"","alerts":[],\
    "profile_status":"ready","profile_days":30.0,"complete_from":null,"fill_gaps":0}
    """

  /// Whether the profile is what was asked for; `nil` when the request waits (or was answered).
  static func wait(for address: Address, days: Int, _ call: RouteCall) -> Bool? {
    let views = call.views
    guard let resumed = call.resumed else {
      let trades =
        views.knowledge.recentTrades.of(address) == nil ? views.wantTrades?(address) ?? .unavailable : .ready
      let deadline = views.now.instant + waitMax
      let profile = views.wantProfile?(address, days) ?? .unavailable
      if profile == .pending {
        call.park(on: .profile(address), until: deadline)
        return nil
      }
      if trades == .pending {
        call.park(on: .trades(address), until: deadline)
        return nil
      }
      return profile == .ready || hasProfile(address, views)
    }
    // What was waited for may have been the trades, so the profile is asked for again. One that could not be had
    // just now is left alone.
    if resumed == .done(.unavailable) { return hasProfile(address, views) }
    return views.wantProfile?(address, days) == .ready
  }

  private static func hasProfile(_ address: Address, _ views: Views) -> Bool {
    views.knowledge.book.find(address).flatMap { views.knowledge.profiles.of($0) } != nil
  }

  static func write(_ address: Address, isReady: Bool, _ call: RouteCall) {
    let views = call.views
    let knowledge = views.knowledge
    if call.isKept(stamp(address, isReady: isReady, views)) { return }
    let account = knowledge.book.find(address)
    let profile = account.flatMap { knowledge.profiles.of($0) }
    var json = call.begin(200)
    json.beginObject()
    json.address("address", address)
    if let profile { write(profile, &json) }
    json.key("equity")
    ProfileAnswer.equity(profile?.equity ?? account.flatMap { knowledge.equity.latest(of: $0) }, &json)
    json.key("positions")
    json.beginArray()
    if let account {
      views.accountPositions.forEach(of: account, views) { write($0, views.coins, &json) }
    }
    json.endArray()
    json.key("recent_changes")
    json.beginArray()
    let since = WallTime(ms: views.now.wall.ms - changesMs)
    knowledge.changes.forEach(since: since, of: address, limit: changesMax) { change in
      json.beginObject()
      ChangeAnswer.write(change, views.coins, &json)
      json.endObject()
    }
    json.endArray()
    json.key("trades")
    TradeAnswer.list(knowledge.recentTrades.of(address) ?? [], limit: tradesMax, views.coins, &json)
    watched(address, knowledge, &json)
    json.key("profile_status")
    json.string(isReady ? "ready" : "pending")
    if let profile { completeness(profile, &json) }
    json.endObject()
  }

  /// Everything the answer depends on; the versions only grow, so their sum changes when one of them does.
  private static func stamp(_ address: Address, isReady: Bool, _ views: Views) -> AnswerCache.Stamp {
    let knowledge = views.knowledge
    let version =
      knowledge.positions.version &+ knowledge.profiles.version &+ knowledge.equity.version
      &+ knowledge.changes.version &+ knowledge.watchList.version &+ knowledge.alerts.version
    let trades: UInt64 = knowledge.recentTrades.of(address) == nil ? 0 : 1
    return AnswerCache.Stamp(
      version: version, revision: trades << 1 | (isReady ? 1 : 0), wall: views.now.wall.ms / 100)
  }

  private static func write(_ profile: Profile, _ json: inout JSONWriter) {
    json.time("computed_at", profile.computedAt)
    json.number("win_rate", profile.winRate)
    json.count("trade_count", profile.tradeCount)
    json.number("profit_factor", profile.profitFactor)
    json.number("avg_hold_hours", profile.avgHoldHours)
    json.number("avg_pnl_pct", profile.avgPnlPct)
    json.number("max_drawdown", profile.maxDrawdown)
    json.key("style")
    json.string(profile.style.text)
    json.bit("is_bot", profile.isBot)
  }

  private static func write(_ position: TrackedPosition, _ coins: Coins, _ json: inout JSONWriter) {
    json.beginObject()
    json.pair("coin", coins[position.coin].name)
    json.side(position.isLong)
    json.usd("size_usd", position.sizeUsd)
    json.price("entry_px", position.entryPx)
    json.price("mark_px", position.markPx)
    json.number("leverage", position.leverage)
    json.usd("unrealized_pnl", position.unrealizedPnl)
    json.endObject()
  }

  /// Writes the members from `is_watched` to `alerts`.
  private static func watched(_ address: Address, _ knowledge: Knowledge, _ json: inout JSONWriter) {
    let wallet = knowledge.watchList.wallet(address)
    json.key("is_watched")
    json.bool(wallet != nil)
    json.pair("label", wallet?.label ?? "")
    json.pair("notes", wallet?.notes ?? "")
    json.pair("tags", wallet?.tags ?? "")
    json.key("alerts")
    json.beginArray()
    knowledge.alerts.forEachEnabled(of: address.description) { alert in
      json.beginObject()
      json.pair("id", alert.id)
      AlertAnswer.write(alert, &json)
      json.time("created_at", alert.createdAt)
      json.endObject()
    }
    json.endArray()
  }

  private static func completeness(_ profile: Profile, _ json: inout JSONWriter) {
    if let days = profile.windowDays { json.number("profile_days", days) }
    json.key("complete_from")
    if let from = profile.completeFrom { json.seconds(from) } else { json.null() }
    json.count("fill_gaps", profile.gaps)
  }
}
