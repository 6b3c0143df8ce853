/// `GET /v1/book/{coin}`: the order book of one followed coin. A book older than ten seconds is not served.
import Base
import Engines
import Market
import Wire

extension Route {
  static let orderBook = Route(
    .get, "/v1/book/{coin}", name: "book", summary: "Order book of one coin",
    about: """
      The best levels of both sides with mid, spread and depth, for the coins of `l2_subscriber.coins`. A book \
      received more than 10 seconds ago is not served.
      """,
    parameters: [.path("coin", "The coin in any capitals")],
    example: "/v1/book/BTC",
    answers: [
      Answer(200, "The book", BookAnswer.schema, example: BookAnswer.example),
      Answer(
        404, "The coin's book is not followed", Words.error, example: #"{"error":"No order book for NOPE"}"#),
      Answer(
        503, "Books are switched off, or this one is stale", Words.error,
        example: #"{"error":"Order book not available"}"#),
    ]
  ) { call in
    let views = call.views
    guard views.components.books else { return call.error(503, "Order book not available") }
    guard let coin = call.coin(0), views.components.bookCoins.contains(views.coins[coin].name) else {
      return call.error(404, reason: "No order book for \(call.coinName(call.coin(0), 0))")
    }
    guard let (book, receivedAt) = views.books.book(of: coin, now: views.now.instant) else {
      return call.error(503, reason: "Order book for \(views.coins[coin].name) not available")
    }
    BookAnswer.write(book, coin, age: views.now.instant - receivedAt, call)
  }
}

/// The parts of order-book answers, written and described next to each other.
enum BookAnswer {
  static let schema = Schema.object(
    "OrderBook",
    [
      .init("coin", Words.coin),
      .init("mid_price", .nullable(.number("Middle of the best prices; null when a side is empty"))),
      .init("spread", .nullable(.number("Best ask minus best bid; null when a side is empty"))),
      .init("spread_bps", .nullable(.number("The same in hundredths of a percent of the mid"))),
      .init("bid_depth_usd", .number("Notional of all bids shown, to the cent")),
      .init("ask_depth_usd", .number("Notional of all asks shown, to the cent")),
      .init("bids", .list(levelSchema, "Highest price first")),
      .init("asks", .list(levelSchema, "Lowest price first")),
      .init("time", .number("The book's time, epoch seconds of the exchange")),
      .init("age_seconds", .number("Seconds since it was received")),
    ])

  private static let levelSchema = Schema.object(
    "BookLevel",
    [
      .init("px", .number("The level's price")), .init("sz", .number("Size resting there, in coins")),
      .init("n", .integer("Orders resting there")),
    ])

  static let example = """
    {"coin":"BTC","mid_price":98341.5,"spread":1.0,"spread_bps":0.102,"bid_depth_usd":49170.5,\
    "ask_depth_usd":98342.0,"bids":[{"px":98341.0,"sz":0.5,"n":3}],"asks":[{"px":98342.0,"sz":1.0,"n":2}],\
    "time":1795353384.9,"age_seconds":0.1}
    """

  static func write(_ book: Book, _ coin: CoinID, age: TimeSpan, _ call: RouteCall) {
    var json = call.begin(200)
    json.beginObject()
    json.pair("coin", call.views.coins[coin].name)
    prices(book, &json)
    json.cents("bid_depth_usd", depth(book.bids))
    json.cents("ask_depth_usd", depth(book.asks))
    json.key("bids")
    levels(book.bids, &json)
    json.key("asks")
    levels(book.asks, &json)
    json.time("time", book.time)
    json.key("age_seconds")
    json.tenths(max(age, .zero))
    json.endObject()
  }

  private static func prices(_ book: Book, _ json: inout JSONWriter) {
    guard let bid = book.bids.first?.px.raw, let ask = book.asks.first?.px.raw, bid > 0, ask >= bid else {
      json.null("mid_price")
      json.null("spread")
      json.null("spread_bps")
      return
    }
    // Twice the mid is whole in units of the prices; a decimal more holds its half.
    let (half, rest) = (ask - bid).quotientAndRemainder(dividingBy: 2)
    let mid = bid + half
    json.key("mid_price")
    if rest == 0 || mid > .max / 10 - 1 {
      json.decimal(raw: mid, scale: 8, places: 8)
    } else {
      json.decimal(raw: mid * 10 + 5, scale: 9, places: 9)
    }
    json.price("spread", Px(raw: ask - bid))
    json.rounded("spread_bps", Double(ask - bid) / (Double(bid) / 2 + Double(ask) / 2) * 10_000, 3)
  }

  /// The notional of `levels`; stops at the range of `Usd`.
  private static func depth(_ levels: [BookLevel]) -> Usd {
    var sum: Int64 = 0
    for level in levels {
      let (next, overflow) = sum.addingReportingOverflow(level.px.times(level.sz)?.micros ?? .max)
      sum = overflow ? .max : next
    }
    return Usd(micros: sum)
  }

  private static func levels(_ levels: [BookLevel], _ json: inout JSONWriter) {
    json.beginArray()
    for level in levels {
      json.beginObject()
      json.price("px", level.px)
      json.size("sz", level.sz)
      json.count("n", Int(level.orders))
      json.endObject()
    }
    json.endArray()
  }
}
