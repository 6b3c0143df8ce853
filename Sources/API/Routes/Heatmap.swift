/// `GET /v1/heatmap/{coin}`: where the tracked positions of one coin would be liquidated.
///
/// The maps of all coins are computed together on the pool; this prints the last one. A coin the exchange lists
/// always has an answer: without counted positions, or before the first computation, all its buckets are empty.
import Base
import Engines
import Market
import Wire

extension Route {
  static let heatmap = Route(
    .get, "/v1/heatmap/{coin}", name: "heatmap", summary: "Liquidation heatmap of one coin",
    about: """
      Notional that would be liquidated in equal buckets around the mid price, ascending by price. Counted are \
      positions of at least $1,000 with a liquidation price, refreshed within 20 minutes, not of bots. `coverage` \
      says how much of the coin's open interest is tracked and how old the positions are.
      """,
    parameters: [.path("coin", "The coin in any capitals: `BTC`, `kPEPE`, `xyz:TSLA`")],
    example: "/v1/heatmap/BTC",
    answers: [
      Answer(200, "The heatmap", HeatmapAnswer.schema, example: HeatmapAnswer.example),
      Answer(
        404, "The exchange does not list the coin",
        .object(
          "UnknownCoin",
          [
            .init("error", .text("What is wrong")),
            .init("available", .list(.text("A coin"), "What can be asked for, by name")),
          ]),
        example: #"{"error":"No heatmap data for NOPE","available":["AAVE","ADA","BTC"]}"#),
      Words.unavailable("Heatmap"),
    ], isTagged: true
  ) { call in
    let views = call.views
    guard views.components.positionPoller else { return call.error(503, "Heatmap not available") }
    let result = views.knowledge.heatmap
    guard let coin = call.coin(0), views.coins[coin].isListed || result?[coin] != nil else {
      return HeatmapAnswer.refuse(call)
    }
    let price = views.knowledge.markets.price(of: coin, now: views.now.instant) ?? Px(raw: 0)
    // Times of computation are milliseconds; a coin without a map follows its price.
    let computed = UInt64(bitPattern: result?.computedAt.ms ?? 0)
    if call.version(result?[coin] != nil ? computed : computed &* 31 ^ UInt64(bitPattern: price.raw)) {
      return
    }
    let map =
      result?[coin]
      ?? CoinHeatmap.empty(
        coin: coin, mid: price, bucketCount: views.components.heatmapBuckets,
        rangePct: views.components.heatmapRangePct)
    HeatmapAnswer.write(map, computedAt: result?.computedAt ?? views.now.wall, call)
  }
}

/// The parts of heatmap answers, written and described next to each other.
enum HeatmapAnswer {
  static let schema = Schema.object(
    "Heatmap",
    [
      .init("coin", Words.coin),
      .init("mid_price", .number("The price in the middle")),
      .init("range_pct", .number("Half the map's width, in percent of the mid")),
      .init("bucket_count", .integer("Buckets")),
      .init("buckets", .list(bucketSchema, "Ascending by price, without gap or overlap")),
      .init("summary", summarySchema),
      .init("data_age_seconds", .number("Seconds since it was computed")),
      .init("coverage", coverageSchema),
    ])

  private static let bucketSchema = Schema.object(
    "HeatmapBucket",
    [
      .init("price_low", .number("Lower edge")),
      .init("price_high", .number("Upper edge")),
      .init("price_mid", .number("Middle")),
      .init("long_liq_usd", .number("Longs liquidated here, to the cent")),
      .init("short_liq_usd", .number("Shorts liquidated here, to the cent")),
      .init("long_count", .integer("Longs liquidated here")),
      .init("short_count", .integer("Shorts liquidated here")),
    ])

  private static let summarySchema = Schema.object(
    "HeatmapSummary",
    [
      .init("total_long_liq_usd", .number("Longs of all buckets, to the cent")),
      .init("total_short_liq_usd", .number("Shorts of all buckets, to the cent")),
      .init("total_positions", .integer("Positions counted, in or out of the range")),
      .init("computed_at", .number("When it was computed, epoch seconds")),
    ])

  private static let coverageSchema = Schema.object(
    "HeatmapCoverage",
    [
      .init(
        "long_oi_share",
        .nullable(
          .number("Tracked longs over open interest, 0 to 1 and a little more; null when that is unknown"))),
      .init("short_oi_share", .nullable(.number("The same of the shorts"))),
      .init("positions", .integer("Positions counted")),
      .init("oldest_age_s", .number("Age of the oldest of them")),
      .init("median_age_s", .number("Their median age")),
      .init("bots_excluded", .integer("Positions not counted because their accounts are bots")),
    ])

  static let example = """
    {"coin":"BTC","mid_price":98341.0,"range_pct":15,"bucket_count":1,"buckets":[{"price_low":83589.85,\
    "price_high":84179.9,"price_mid":83884.87,"long_liq_usd":87442.97,"short_liq_usd":0.0,"long_count":9,\
    "short_count":0}],"summary":{"total_long_liq_usd":87442.97,"total_short_liq_usd":0.0,\
    "total_positions":884,"computed_at":1795353377.67},"data_age_seconds":7.3,"coverage":{\
    "long_oi_share":0.6112,"short_oi_share":0.5408,"positions":884,"oldest_age_s":611,"median_age_s":83,\
    "bots_excluded":12}}
    """

  static func write(_ map: CoinHeatmap, computedAt: WallTime, _ call: RouteCall) {
    let views = call.views
    var json = call.begin(200)
    json.beginObject()
    json.pair("coin", views.coins[map.coin].name)
    json.price("mid_price", map.mid)
    json.pair("range_pct", map.rangePct)
    json.count("bucket_count", map.buckets.count)
    json.key("buckets")
    json.raw("[")
    buckets(map, json.buffer)
    json.buffer.append("]")
    json.key("summary")
    json.beginObject()
    json.cents("total_long_liq_usd", map.totalLong)
    json.cents("total_short_liq_usd", map.totalShort)
    json.count("total_positions", map.totalPositions)
    json.time("computed_at", computedAt)
    json.endObject()
    json.key("data_age_seconds")
    json.age(of: computedAt, at: views.now.wall)
    json.key("coverage")
    coverage(map.coverage, &json)
    json.endObject()
  }

  private static func buckets(_ map: CoinHeatmap, _ out: ByteBuffer) {
    let places = map.pricePlaces
    for index in map.buckets.indices {
      let bucket = map.buckets[index]
      out.append(index == 0 ? "{\"price_low\":" : ",{\"price_low\":")
      DoubleText.appendDecimal(raw: map.shown(map.edges[index]).raw, scale: 8, places: places, to: out)
      out.append(",\"price_high\":")
      DoubleText.appendDecimal(raw: map.shown(map.edges[index + 1]).raw, scale: 8, places: places, to: out)
      out.append(",\"price_mid\":")
      DoubleText.appendDecimal(raw: map.shown(map.middle(index)).raw, scale: 8, places: places, to: out)
      out.append(",\"long_liq_usd\":")
      DoubleText.appendDecimal(raw: bucket.longUsd.micros, scale: 6, places: 2, to: out)
      out.append(",\"short_liq_usd\":")
      DoubleText.appendDecimal(raw: bucket.shortUsd.micros, scale: 6, places: 2, to: out)
      out.append(",\"long_count\":")
      DoubleText.appendDigits(UInt64(bucket.longCount), to: out)
      out.append(",\"short_count\":")
      DoubleText.appendDigits(UInt64(bucket.shortCount), to: out)
      out.append("}")
    }
  }

  private static func coverage(_ coverage: HeatmapCoverage, _ json: inout JSONWriter) {
    json.beginObject()
    json.key("long_oi_share")
    if let share = coverage.longOiShare { json.rounded(share, 4) } else { json.null() }
    json.key("short_oi_share")
    if let share = coverage.shortOiShare { json.rounded(share, 4) } else { json.null() }
    json.count("positions", coverage.positions)
    json.count("oldest_age_s", coverage.oldestAgeS)
    json.count("median_age_s", coverage.medianAgeS)
    json.count("bots_excluded", coverage.botsExcluded)
    json.endObject()
  }

  /// 404 with the coins that have a map; of none when nothing is computed yet, those the exchange lists.
  static func refuse(_ call: RouteCall) {
    let views = call.views
    let result = views.knowledge.heatmap
    var json = call.begin(404)
    json.beginObject()
    json.pair("error", "No heatmap data for \(call.uppercased(0))")
    json.key("available")
    json.beginArray()
    for coin in views.coinOrder.sorted(views.coins)
    where result.map({ $0[coin] != nil }) ?? views.coins[coin].isListed {
      json.string(views.coins[coin].name)
    }
    json.endArray()
    json.endObject()
  }
}
