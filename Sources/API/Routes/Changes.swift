/// `GET /v1/smart-money/changes`: what watched wallets did lately, newest first.
import Base
import Engines
import Market
import Wire

extension Route {
  static let changes = Route(
    .get, "/v1/smart-money/changes", name: "changes", summary: "Position changes of watched wallets",
    about: """
      Entries, exits, flips and increases (more than 20 %) found between two polls of watched wallets, newest \
      first, at most 100.
      """,
    parameters: [.integer("minutes", 30, atLeast: 1, atMost: 1440, "Length of the window in minutes")],
    answers: [
      Answer(
        200, "The changes",
        .object(
          "Changes",
          [
            .init("changes", .list(changeSchema, "Newest first, at most 100")),
            .init("count", .integer("Rows")),
          ]),
        example: """
          {"changes":[{"address":"0xb658e6c0bc1c8715787b8c4d889c4b3f04f6d905","coin":"SOL","action":"exit",\
          "side":"long","size_usd":4769.329,"price":175.99,"detected_at":1795353381.051,"win_rate":0.2143,\
          "style":"swing","is_bot":0,"label":"dyn 4"}],"count":1}
          """)
    ]
  ) { call in
    let views = call.views
    let knowledge = views.knowledge
    let since = WallTime(ms: views.now.wall.ms - call.integer(0) * 60_000)
    let version = knowledge.changes.version &+ knowledge.profiles.version &+ knowledge.watchList.version
    if call.isKept(AnswerCache.Stamp(version: version, wall: views.now.wall.ms / 100)) { return }
    var json = call.begin(200)
    json.beginObject()
    json.key("changes")
    json.beginArray()
    var count = 0
    knowledge.changes.forEach(since: since, limit: ChangeAnswer.rowsMax) { change in
      count += 1
      json.beginObject()
      json.address("address", change.address)
      ChangeAnswer.write(change, views.coins, &json)
      let profile = knowledge.book.find(change.address).flatMap { knowledge.profiles.of($0) }
      json.key("win_rate")
      if let profile { json.double(profile.winRate) } else { json.null() }
      json.key("style")
      if let profile { json.string(profile.style.text) } else { json.null() }
      json.key("is_bot")
      if let profile { json.int(profile.isBot ? 1 : 0) } else { json.null() }
      json.key("label")
      if let wallet = knowledge.watchList.wallet(change.address) {
        json.string(wallet.label)
      } else {
        json.null()
      }
      json.endObject()
    }
    json.endArray()
    json.count("count", count)
    json.endObject()
  }

  private static let changeSchema = Schema.object(
    "WatchedChange",
    [.init("address", Words.address)] + ChangeAnswer.fields + [
      .init("win_rate", Words.winRate),
      .init("style", Words.style),
      .init("is_bot", .nullable(.integer("1 for a bot, 0 for none; null until profiled"))),
      .init("label", .nullable(.text("What the watcher calls it; null when it is no longer watched"))),
    ])
}

/// A position change as several answers show it.
enum ChangeAnswer {
  /// The most changes of one answer.
  static let rowsMax = 100

  static let fields: [Schema.Field] = [
    .init("coin", Words.coin),
    .init("action", Words.changeAction),
    .init("side", .choice(["long", "short"], "The side after the change; of an exit, the one closed")),
    .init("size_usd", .number("Size after the change, USD; of an exit, before it")),
    .init("price", .number("Mark price when it was found")),
    .init("detected_at", .number("When it was found, epoch seconds")),
  ]

  /// Writes the members from `coin` to `detected_at`.
  static func write(_ change: PositionChange, _ coins: Coins, _ json: inout JSONWriter) {
    json.pair("coin", coins[change.coin].name)
    json.key("action")
    json.string(change.action.text)
    json.side(change.isLong)
    json.usd("size_usd", change.sizeUsd)
    json.price("price", change.price)
    json.time("detected_at", change.detectedAt)
  }
}
