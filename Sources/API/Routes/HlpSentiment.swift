/// `GET /v1/hlp/sentiment`: where the HLP vaults together stand in each coin, and how often that turned.
import Base
import Engines
import Market
import Wire

extension Route {
  static let hlpSentiment = Route(
    .get, "/v1/hlp/sentiment", name: "hlp-sentiment", summary: "Net side of the HLP vaults by coin",
    about: """
      By coin, the vaults' signed sizes added up after each round of polls. A flip is a change of the sum's sign \
      between two consecutive rounds inside the window. Only coins some vault held inside the window are listed.
      """,
    parameters: [.number("hours", 24, atLeast: 1, atMost: 168, "Length of the window in hours")],
    answers: [
      Answer(
        200, "The sentiment",
        .object(
          "HLPSentiment",
          [
            .init("sentiment", .map(coinSchema, "By coin, in the order of their names")),
            .init("hours", .number("The window's length")),
          ]),
        example: """
          {"sentiment":{"AAVE":{"coin":"AAVE","current_side":"long","current_size_usd":1129870.3525,\
          "flips":11,"net_delta_usd":1129870.3525}},"hours":24.0}
          """),
      Words.unavailable("HLP tracker"),
    ]
  ) { call in
    let views = call.views
    guard views.components.hlpTracker else { return call.error(503, "HLP tracker not available") }
    let hours = call.number(0)
    let since = WallTime(ms: views.now.wall.ms - Int64(hours * 3_600_000))
    let stamp = AnswerCache.Stamp(version: views.knowledge.vaults.version, wall: views.now.wall.ms / 100)
    if call.isKept(stamp) { return }
    var found: [CoinSentiment] = []
    views.knowledge.vaults.sentiment.forEach(since: since) { found.append($0) }
    let places = views.coinOrder.places(views.coins)
    found.sort { places[$0.coin.index] < places[$1.coin.index] }
    var json = call.begin(200)
    json.beginObject()
    json.key("sentiment")
    json.beginObject()
    for coin in found {
      let name = views.coins[coin.coin].name
      json.key(name)
      json.beginObject()
      json.pair("coin", name)
      json.key("current_side")
      if let isLong = coin.isLong { json.string(isLong ? "long" : "short") } else { json.null() }
      json.usd("current_size_usd", coin.sizeUsd)
      json.count("flips", coin.flips)
      json.usd("net_delta_usd", coin.netUsd)
      json.endObject()
    }
    json.endObject()
    json.number("hours", hours)
    json.endObject()
  }

  private static let coinSchema = Schema.object(
    "CoinSentiment",
    [
      .init("coin", Words.coin),
      .init("current_side", .nullable(.choice(["long", "short"], "The sum's side; null when closed"))),
      .init("current_size_usd", .number("Size of the sum, USD")),
      .init("flips", .integer("Changes of sign in the window")),
      .init("net_delta_usd", .number("The sum, signed, USD")),
    ])
}
