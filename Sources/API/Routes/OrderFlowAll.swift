/// `GET /v1/orderflow`: the five-minute volume delta of every coin that ever traded.
///
/// An object by coin, not a list: clients pick the coins they want. About 90 bytes per coin, so some 40 KB
/// for every perp the exchange lists; bounded by `Coins.coinsMax`.
import Base
import Engines
import Market
import Wire

extension Route {
  static let orderFlowAll = Route(
    .get, "/v1/orderflow", name: "orderflow-all", summary: "Order flow of all coins",
    about: """
      The cumulative volume delta of the last five minutes of every coin that traded since the start, by the \
      exchange's spelling, in order of listing.
      """,
    answers: [
      Answer(
        200, "The summary",
        .object(
          "OrderFlowSummary",
          [
            .init("window_seconds", .integer("The window's length: 300")),
            .init("coins", .map(coinSchema, "By coin")),
            .init("count", .integer("Coins listed")),
            .init("computed_at", .number("When this was computed, epoch seconds")),
          ]),
        example: """
          {"window_seconds":300,"coins":{"BTC":{"cvd":-2917202.22,"buy_volume_usd":6257883.72,\
          "sell_volume_usd":9175085.94,"trades":14655,"buy_pct":40.5}},"count":1,"computed_at":1795353385.046}
          """),
      Words.unavailable("Order flow"),
    ]
  ) { call in
    let views = call.views
    guard views.components.tradeStream else { return call.error(503, "Order flow not available") }
    let flow = views.orderFlow
    var json = call.begin(200)
    json.beginObject()
    json.count("window_seconds", OrderFlow.summaryWindowS)
    json.key("coins")
    json.beginObject()
    var count = 0
    for raw in 0..<UInt32(min(flow.coinsSeen, views.coins.count)) {
      let coin = CoinID(raw: raw)
      guard flow.hasTraded(coin) else { continue }
      count += 1
      let window = flow.readSummary(coin, now: views.exchangeNow)
      json.key(views.coins[coin].name)
      json.raw("{\"cvd\":")
      let out = json.buffer
      DoubleText.appendDecimal(raw: window.cvd.micros, scale: 6, places: 2, to: out)
      out.append(",\"buy_volume_usd\":")
      DoubleText.appendDecimal(raw: window.buy.micros, scale: 6, places: 2, to: out)
      out.append(",\"sell_volume_usd\":")
      DoubleText.appendDecimal(raw: window.sell.micros, scale: 6, places: 2, to: out)
      out.append(",\"trades\":")
      DoubleText.appendDigits(UInt64(window.count), to: out)
      out.append(",\"buy_pct\":")
      DoubleText.appendDecimal(raw: OrderFlowAnswer.buyTenthPercents(window), scale: 1, places: 1, to: out)
      out.append("}")
    }
    json.endObject()
    json.count("count", count)
    json.key("computed_at")
    json.seconds(views.now.wall)
    json.endObject()
  }

  private static let coinSchema = Schema.object(
    "CoinFlow",
    [
      .init("cvd", .number("Buys minus sells, to the cent")),
      .init("buy_volume_usd", .number("Notional of aggressive buys, to the cent")),
      .init("sell_volume_usd", .number("Notional of aggressive sells, to the cent")),
      .init("trades", .integer("Trades of either side")),
      .init("buy_pct", .number("Buys' share of the volume in percent, one decimal; 0 without volume")),
    ])
}
