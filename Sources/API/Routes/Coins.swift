/// `GET /v1/coins`: what is followed, and how much of it is seen.
import Base
import Engines
import Market
import Wire

extension Route {
  static let coins = Route(
    .get, "/v1/coins", name: "coins", summary: "What is followed",
    about: """
      Every perp the exchange lists, in order of listing: its dex, mark price, open interest, the positions tracked \
      in it and their share of the open interest, and how long ago it last traded.
      """,
    answers: [
      Answer(
        200, "The coins",
        .object(
          "Coins",
          [
            .init("coins", .list(coinSchema, "In order of listing")),
            .init("count", .integer("Rows")),
          ]),
        example: """
          {"coins":[{"coin":"BTC","dex":"","mark_px":98341.0,"open_interest":31234.5,\
          "open_interest_usd":3071632064.5,"tracked_positions":884,"tracked_long_usd":1871201533.12,\
          "tracked_short_usd":1655204102.88,"tracked_oi_share":0.574,"last_trade_age_s":0.1}],"count":1}
          """)
    ]
  ) { call in
    let views = call.views
    let stamp = AnswerCache.Stamp(
      version: views.knowledge.positions.version &+ views.knowledge.markets.version, revision: views.revision,
      wall: 0, exchange: views.exchangeNow.ms / 100)
    if call.isKept(stamp) { return }
    var json = call.begin(200)
    json.beginObject()
    json.key("coins")
    json.beginArray()
    var count = 0
    for raw in 0..<UInt32(views.coins.count) where views.coins[CoinID(raw: raw)].isListed {
      write(CoinID(raw: raw), views, &json)
      count += 1
    }
    json.endArray()
    json.count("count", count)
    json.endObject()
  }

  private static func write(_ coin: CoinID, _ views: Views, _ json: inout JSONWriter) {
    let knowledge = views.knowledge
    let (long, short) = knowledge.positions.totals(of: coin)
    let openInterestUsd = knowledge.markets.openInterestUsd(of: coin)
    json.beginObject()
    json.pair("coin", views.coins[coin].name)
    json.pair("dex", views.coins[coin].dex)
    json.key("mark_px")
    if let px = knowledge.markets.markPx(of: coin) {
      json.decimal(raw: px.raw, scale: 8, places: 8)
    } else {
      json.null()
    }
    json.key("open_interest")
    if let context = knowledge.markets.context(of: coin) {
      json.double(context.openInterest.isFinite ? context.openInterest : 0)
    } else {
      json.null()
    }
    json.key("open_interest_usd")
    if let openInterestUsd { json.rounded(openInterestUsd, 2) } else { json.null() }
    json.count("tracked_positions", knowledge.positions.count(of: coin))
    json.cents("tracked_long_usd", long)
    json.cents("tracked_short_usd", short)
    json.key("tracked_oi_share")
    if let openInterestUsd, openInterestUsd > 0 {
      // Every contract has a long and a short side; what is tracked of both is held against both.
      json.rounded((long.double + short.double) / (2 * openInterestUsd), 4)
    } else {
      json.null()
    }
    json.key("last_trade_age_s")
    if coin.index < views.orderFlow.coinsSeen, let time = views.orderFlow.lastTradeTime(coin) {
      json.age(of: time, at: views.exchangeNow)
    } else {
      json.null()
    }
    json.endObject()
  }

  private static let coinSchema = Schema.object(
    "CoinFollowed",
    [
      .init("coin", Words.coin),
      .init("dex", .text("The dex it trades on; empty for the main dex")),
      .init("mark_px", .nullable(.number("Mark price; null until it is known"))),
      .init("open_interest", .nullable(.number("Open interest in coins; null until it is known"))),
      .init(
        "open_interest_usd", .nullable(.number("Open interest at the mark price, one side, to the cent"))),
      .init("tracked_positions", .integer("Positions tracked")),
      .init("tracked_long_usd", .number("Longs tracked, to the cent")),
      .init("tracked_short_usd", .number("Shorts tracked, to the cent")),
      .init(
        "tracked_oi_share",
        .nullable(
          .number("Longs and shorts tracked over both sides of the open interest; null when unknown"))),
      .init("last_trade_age_s", .nullable(.number("Seconds since its last trade; null before the first"))),
    ])
}
