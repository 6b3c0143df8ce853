/// `GET /v1/whales/{coin}`: the largest tracked positions of one coin.
///
/// Up to 5,000 rows of some 290 bytes go straight into the answer; the engine keeps them in order. Totals are of
/// the rows answered.
import Base
import Engines
import Market
import Wire

extension Route {
  static let whales = Route(
    .get, "/v1/whales/{coin}", name: "whales", summary: "Largest positions of one coin",
    about: """
      The largest tracked positions by `size_usd`, ties by address. Totals are of the rows returned. A coin without \
      tracked positions, or that the exchange does not list, has none.
      """,
    parameters: [
      .path("coin", "The coin in any capitals: `BTC`, `kPEPE`, `xyz:TSLA`"),
      .integer("top_n", 50, atLeast: 1, atMost: 5000, "How many positions"),
    ],
    example: "/v1/whales/BTC",
    answers: [Answer(200, "The positions", WhalesAnswer.schema, example: WhalesAnswer.example)],
    isTagged: true
  ) { call in
    let views = call.views
    let coin = call.coin(0)
    if let coin, call.version(views.knowledge.positions.version(of: coin)) { return }
    var json = call.begin(200)
    json.beginObject()
    json.pair("coin", call.coinName(coin, 0))
    json.key("positions")
    json.raw("[")
    var sums = WhalesAnswer.Sums()
    if let coin { WhalesAnswer.rows(coin, limit: Int(call.integer(1)), views, json.buffer, &sums) }
    json.buffer.append("]")
    json.count("count", sums.count)
    json.cents("total_long_usd", sums.long)
    json.cents("total_short_usd", sums.short)
    json.cents("net_usd", sums.long - sums.short)
    if sums.count > 0 {
      json.key("oldest_position_age_seconds")
      json.age(of: sums.oldest, at: views.now.wall)
    }
    json.endObject()
  }
}

/// The parts of whales answers, written and described next to each other.
enum WhalesAnswer {
  static let schema = Schema.object(
    "Whales",
    [
      .init("coin", Words.askedCoin),
      .init("positions", .list(rowSchema, "Largest first")),
      .init("count", .integer("Rows")),
      .init("total_long_usd", .number("Longs of the rows, to the cent")),
      .init("total_short_usd", .number("Shorts of the rows, to the cent")),
      .init("net_usd", .number("Longs minus shorts, to the cent")),
      .sometimes("oldest_position_age_seconds", .number("Age of the row polled longest ago")),
    ])

  private static let rowSchema = Schema.object(
    "WhalePosition",
    [
      .init("address", Words.address),
      .init("coin", Words.coin),
      .init("side", Words.side),
      .init("size", .number("Size in coins")),
      .init("size_usd", Words.sizeUsd),
      .init("entry_px", Words.entryPx),
      .init("mark_px", Words.markPx),
      .init("leverage", Words.leverage),
      .init("liq_px", .nullable(.number("Price of liquidation; null when no price liquidates it"))),
      .init("unrealized_pnl", Words.unrealizedPnl),
      .init("updated_at", .number("When it was polled, epoch seconds")),
    ])

  static let example = """
    {"coin":"BTC","positions":[{"address":"0x4e68abbf1fb9aa179910888463f8ffa295798fa3","coin":"BTC",\
    "side":"long","size":1416.93175,"size_usd":139190873.5295,"entry_px":94890.0,"mark_px":98234.0,\
    "leverage":20.0,"liq_px":91755.41766928,"unrealized_pnl":4738219.772,"updated_at":1795353359.371}],\
    "count":1,"total_long_usd":139190873.53,"total_short_usd":0.0,"net_usd":139190873.53,\
    "oldest_position_age_seconds":26.2}
    """

  /// What is said of all rows together.
  struct Sums {
    var count = 0
    var long = Usd.zero
    var short = Usd.zero
    var oldest = WallTime(ms: .max)
  }

  /// Appends the rows and adds them up.
  static func rows(_ coin: CoinID, limit: Int, _ views: Views, _ out: ByteBuffer, _ sums: inout Sums) {
    let book = views.knowledge.book
    // What stands between a row's address and its side is the same in all of them.
    let middle = ByteBuffer(capacity: 64)
    middle.append("\",\"coin\":")
    var name = JSONWriter(into: middle)
    name.string(views.coins[coin].name)
    middle.append(",\"side\":\"")
    var total = Sums()
    let count = views.knowledge.positions.largest(of: coin, limit) { row in
      out.append(total.count == 0 ? "{\"address\":\"" : ",{\"address\":\"")
      book.address(row.account).append(to: out)
      out.append(middle.bytes)
      self.row(row, out)
      total.count += 1
      if row.isLong { total.long += row.sizeUsd } else { total.short += row.sizeUsd }
      if row.updatedAt < total.oldest { total.oldest = row.updatedAt }
    }
    total.count = count
    sums = total
  }

  /// A row from its side on.
  private static func row(_ row: TrackedPosition, _ out: ByteBuffer) {
    out.append(row.isLong ? "long\",\"size\":" : "short\",\"size\":")
    DoubleText.appendDecimal(raw: row.size.raw, scale: 8, places: 8, to: out)
    out.append(",\"size_usd\":")
    DoubleText.appendDecimal(raw: row.sizeUsd.micros, scale: 6, places: 6, to: out)
    out.append(",\"entry_px\":")
    DoubleText.appendDecimal(raw: row.entryPx.raw, scale: 8, places: 8, to: out)
    out.append(",\"mark_px\":")
    DoubleText.appendDecimal(raw: row.markPx.raw, scale: 8, places: 8, to: out)
    out.append(",\"leverage\":")
    DoubleText.append(row.leverage, to: out)
    out.append(",\"liq_px\":")
    if let liqPx = row.liqPx {
      DoubleText.appendDecimal(raw: liqPx.raw, scale: 8, places: 8, to: out)
    } else {
      out.append("null")
    }
    out.append(",\"unrealized_pnl\":")
    DoubleText.appendDecimal(raw: row.unrealizedPnl.micros, scale: 6, places: 6, to: out)
    out.append(",\"updated_at\":")
    DoubleText.appendDecimal(raw: row.updatedAt.ms, scale: 3, places: 3, to: out)
    out.append("}")
  }
}
