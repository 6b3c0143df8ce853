/// `GET /v1/liquidations`: liquidations found in the fills that are read, newest first.
import Base
import Engines
import Market
import Wire

extension Route {
  static let liquidations = Route(
    .get, "/v1/liquidations", name: "liquidations", summary: "Liquidations seen",
    about: """
      Liquidations of at least $100 found in the fills of the HLP vaults and of profiled wallets, newest first. \
      This is partial: the exchange's trade feed does not mark liquidations, so those nobody followed took part in \
      are not seen. Totals are of the whole window, not only of the rows returned.
      """,
    parameters: [
      .text("coin", "", "The coin in any capitals; empty means all"),
      .number("hours", 24, atLeast: 0.01, atMost: 2160, "Length of the window in hours"),
      .integer("limit", 100, atLeast: 1, atMost: 1000, "How many events"),
    ],
    answers: [
      Answer(200, "The liquidations", LiquidationAnswer.schema, example: LiquidationAnswer.example)
    ]
  ) { call in
    let views = call.views
    let isAll = call.text(0).isEmpty
    let coin = isAll ? nil : call.coin(0)
    let since = WallTime(ms: views.exchangeNow.ms - Int64(call.number(1) * 3_600_000))
    let liquidations = views.knowledge.liquidations
    let isNothing = !isAll && coin == nil
    let totals = isNothing ? nil : liquidations.totals(coin: coin, since: since)
    var json = call.begin(200)
    json.beginObject()
    json.key("coin")
    if isAll { json.null() } else { json.string(call.coinName(coin, 0)) }
    json.number("hours", call.number(1))
    json.key("liquidations")
    json.beginArray()
    var count = 0
    if !isNothing {
      liquidations.forEach(coin: coin, since: since, limit: Int(call.integer(2))) { event in
        count += 1
        LiquidationAnswer.write(event, views.coins, &json)
      }
    }
    json.endArray()
    json.count("count", count)
    LiquidationAnswer.totals(totals, &json)
    json.endObject()
  }
}

/// The parts of liquidation answers, written and described next to each other.
enum LiquidationAnswer {
  static let schema = Schema.object(
    "Liquidations",
    [
      .init("coin", .nullable(.text("The coin asked for; null for all"))),
      .init("hours", .number("The window's length")),
      .init("liquidations", .list(eventSchema, "Newest first")),
      .init("count", .integer("Rows")),
      .init("totals", totalsSchema),
      .init("partial", .flag("Always true: only what the sources took part in is seen")),
      .init(
        "sources",
        .list(
          .choice([LiquidationSourceFacts.vaults, LiquidationSourceFacts.profiles], "A source"),
          "Whose fills are read")),
    ])

  private static let eventSchema = Schema.object(
    "Liquidation",
    [
      .init("coin", Words.coin),
      .init("occurred_at", .number("Time of the execution, epoch seconds of the exchange")),
      .init("side", .choice(["long", "short"], "The side that was liquidated")),
      .init("size_usd", .number("Size of the execution, USD")),
      .init("price", .number("Its price")),
      .init("address", .nullable(.text("Who was liquidated; null when it is not known"))),
    ])

  private static let sideSchema = Schema.object(
    "LiquidatedSide",
    [.init("size_usd", .number("Dollars liquidated, to the cent")), .init("count", .integer("Events"))])

  private static let totalsSchema = Schema.object(
    "LiquidationTotals",
    [.init("long", sideSchema), .init("short", sideSchema)])

  static let example = """
    {"coin":"BTC","hours":24.0,"liquidations":[{"coin":"BTC","occurred_at":1795353359.371,"side":"long",\
    "size_usd":15230.11,"price":97120.0,"address":"0x5039156e2c2158144bd6e5fe226e388904d46bc2"}],"count":1,\
    "totals":{"long":{"size_usd":15230.11,"count":1},"short":{"size_usd":0.0,"count":0}},"partial":true,\
    "sources":["hlp_vaults","profiled_wallets"]}
    """

  static func write(_ event: LiquidationEvent, _ coins: Coins, _ json: inout JSONWriter) {
    json.beginObject()
    json.pair("coin", coins[event.coin].name)
    json.time("occurred_at", event.occurredAt)
    json.side(event.isLong)
    json.usd("size_usd", event.sizeUsd)
    json.price("price", event.price)
    if let address = event.address { json.address("address", address) } else { json.null("address") }
    json.endObject()
  }

  /// Writes the members from `totals` on.
  static func totals(_ totals: Liquidations.Totals?, _ json: inout JSONWriter) {
    json.key("totals")
    json.beginObject()
    json.key("long")
    side(totals?.long, &json)
    json.key("short")
    side(totals?.short, &json)
    json.endObject()
    json.key("partial")
    json.bool(true)
    json.key("sources")
    json.beginArray()
    json.string(LiquidationSourceFacts.vaults)
    json.string(LiquidationSourceFacts.profiles)
    json.endArray()
  }

  private static func side(_ side: Liquidations.Side?, _ json: inout JSONWriter) {
    json.beginObject()
    json.cents("size_usd", side?.sizeUsd ?? .zero)
    json.count("count", side?.count ?? 0)
    json.endObject()
  }
}
