/// `GET /v1/orderflow/{coin}`: aggressive buying and selling of one coin over the configured windows.
///
/// The hottest route: it reads the engine's running sums and prints them straight into the answer, without
/// allocating. Volumes are exact integers in millionths of a dollar, rounded once, when printed.
import Base
import Engines
import Market
import Wire

extension Route {
  static let orderFlow = Route(
    .get, "/v1/orderflow/{coin}", name: "orderflow", summary: "Order flow of one coin",
    about: """
      Aggressive buys and sells over rolling windows. A window counts every trade that is not older than it, \
      exactly. `covered_seconds` says for how much of the window trades were received, `gaps` lists what is \
      missing. A coin that never traded, or that the exchange does not list, has no windows.
      """,
    parameters: [.path("coin", "The coin in any capitals: `BTC`, `kPEPE`, `xyz:TSLA`, `PURR%2FUSDC`")],
    example: "/v1/orderflow/BTC",
    answers: [
      Answer(200, "The order flow", OrderFlowAnswer.schema, example: OrderFlowAnswer.example),
      Words.unavailable("Order flow"),
    ]
  ) { call in
    let views = call.views
    guard views.components.tradeStream else { return call.error(503, "Order flow not available") }
    let coin = call.coin(0)
    // Nothing else goes into the answer, so while none of these has changed the printed bytes are the answer.
    let stamp = AnswerCache.Stamp(
      version: views.orderFlow.count(of: .counted), revision: views.revision, wall: views.now.wall.ms,
      exchange: views.exchangeNow.ms)
    if call.isKept(stamp) { return }
    var json = call.begin(200)
    json.beginObject()
    json.key("coin")
    if let coin { json.string(views.coins[coin].name) } else { json.string(call.uppercased(0)) }
    json.key("windows")
    json.raw("{")
    var total = 0
    if let coin, views.orderFlow.hasTraded(coin) {
      OrderFlowAnswer.windows(coin, views, json.buffer)
      total = views.orderFlow.totalTrades(coin, now: views.exchangeNow)
    }
    json.buffer.append("}")
    json.count("total_trades", total)
    json.key("gaps")
    json.beginArray()
    if let coin { OrderFlowAnswer.gaps(coin, views, &json) }
    json.endArray()
    json.key("computed_at")
    json.seconds(views.now.wall)
    json.endObject()
  }
}

/// The parts of order-flow answers, written and described next to each other.
enum OrderFlowAnswer {
  static let schema = Schema.object(
    "OrderFlow",
    [
      .init("coin", .text("The exchange's spelling; of an unlisted coin, what was asked for in capitals")),
      .init("windows", .map(windowSchema, "By label: `1m`, `5m`, `15m`, `1h` by default, shortest first")),
      .init("total_trades", .integer("Trades in the longest window")),
      .init("gaps", .list(gapSchema, "Spans inside the longest window in which trades were not received")),
      .init("computed_at", .number("When this was computed, epoch seconds")),
    ])

  static let windowSchema = Schema.object(
    "OrderFlowWindow",
    [
      .init("window_seconds", .integer("The window's length")),
      .init("buy_volume_usd", .number("Notional of aggressive buys, to the cent")),
      .init("sell_volume_usd", .number("Notional of aggressive sells, to the cent")),
      .init("cvd", .number("Buys minus sells, to the cent")),
      .init("buy_count", .integer("Aggressive buys")),
      .init("sell_count", .integer("Aggressive sells")),
      .init("buy_pct", .number("Buys' share of the volume in percent, one decimal; 0 without volume")),
      .init("covered_seconds", .number("Seconds of the window for which trades were received")),
    ])

  static let gapSchema = Schema.object(
    "Gap",
    [
      .init("from", .number("Last moment with trades before the loss, epoch seconds of the exchange")),
      .init("to", .number("When trades came again; now, while the gap is open")),
      .init("open", .flag("Whether trades are still missing")),
    ])

  static let example = """
    {"coin":"BTC","windows":{"1m":{"window_seconds":60,"buy_volume_usd":4580442.43,\
    "sell_volume_usd":6772550.99,"cvd":-2192108.56,"buy_count":3941,"sell_count":2471,"buy_pct":40.3,\
    "covered_seconds":60.0}},"total_trades":14658,"gaps":[],"computed_at":1795353385.046}
    """

  /// The windows of `coin`, without the braces around them.
  static func windows(_ coin: CoinID, _ views: Views, _ out: ByteBuffer) {
    let flow = views.orderFlow
    let now = views.exchangeNow
    for index in 0..<flow.windowsS.count {
      let seconds = flow.windowsS[index]
      let window = flow.read(coin, window: index, now: now)
      out.append(index == 0 ? "\"" : ",\"")
      label(seconds, out)
      out.append("\":{\"window_seconds\":")
      DoubleText.appendDigits(UInt64(seconds), to: out)
      out.append(",\"buy_volume_usd\":")
      DoubleText.appendDecimal(raw: window.buy.micros, scale: 6, places: 2, to: out)
      out.append(",\"sell_volume_usd\":")
      DoubleText.appendDecimal(raw: window.sell.micros, scale: 6, places: 2, to: out)
      out.append(",\"cvd\":")
      DoubleText.appendDecimal(raw: window.cvd.micros, scale: 6, places: 2, to: out)
      out.append(",\"buy_count\":")
      DoubleText.appendDigits(UInt64(window.buyCount), to: out)
      out.append(",\"sell_count\":")
      DoubleText.appendDigits(UInt64(window.sellCount), to: out)
      out.append(",\"buy_pct\":")
      DoubleText.appendDecimal(raw: buyTenthPercents(window), scale: 1, places: 1, to: out)
      out.append(",\"covered_seconds\":")
      DoubleText.appendDecimal(raw: coveredMs(coin, views, seconds), scale: 3, places: 3, to: out)
      out.append("}")
    }
  }

  /// `15m` below an hour, `4h` from there on; what is not a whole number of them in the next finer unit.
  static func label(_ seconds: Int, _ out: ByteBuffer) {
    let (count, unit) =
      seconds % 3600 == 0
      ? (seconds / 3600, UInt8(ascii: "h"))
      : seconds % 60 == 0 ? (seconds / 60, UInt8(ascii: "m")) : (seconds, UInt8(ascii: "s"))
    DoubleText.appendDigits(UInt64(count), to: out)
    out.append(unit)
  }

  /// The buys' share of the volume in tenths of a percent, rounded half-even from the exact integers.
  static func buyTenthPercents(_ window: FlowWindow) -> Int64 {
    let buy = window.buy.micros.magnitude
    let (total, overflow) = buy.addingReportingOverflow(window.sell.micros.magnitude)
    guard total > 0, !overflow else { return 0 }
    let (quotient, remainder) = total.dividingFullWidth(buy.multipliedFullWidth(by: 1000))
    let rest = total - remainder
    let isUp = remainder > rest || remainder == rest && quotient & 1 == 1
    return Int64(isUp ? quotient + 1 : quotient)
  }

  /// For how many milliseconds of the last `seconds` the coin's trades were received and are still held.
  static func coveredMs(_ coin: CoinID, _ views: Views, _ seconds: Int) -> Int64 {
    guard coin.index < views.coverage.count else { return 0 }
    let coverage = views.coverage[coin.index]
    guard let since = coverage.since else { return 0 }
    let now = views.exchangeNow.ms
    var start = max(now - Int64(seconds) * 1000, since.ms)
    if let held = views.orderFlow.heldSince(coin) { start = max(start, held.ms) }
    guard start < now else { return 0 }
    var covered = now - start
    for gap in coverage.gaps {
      let (from, to) = (max(gap.from.ms, start), min(gap.to?.ms ?? now, now))
      if to > from { covered -= to - from }
    }
    return max(covered, 0)
  }

  /// The coin's gaps inside its longest window, as elements of the array begun.
  static func gaps(_ coin: CoinID, _ views: Views, _ json: inout JSONWriter) {
    guard coin.index < views.coverage.count, !views.coverage[coin.index].gaps.isEmpty else { return }
    var longest = 0
    for seconds in views.orderFlow.windowsS { longest = max(longest, seconds) }
    let now = views.exchangeNow
    for gap in views.coverage[coin.index].gaps {
      let end = min(gap.to ?? now, now)
      guard end.ms >= now.ms - Int64(longest) * 1000 else { continue }
      json.beginObject()
      json.key("from")
      json.seconds(gap.from)
      json.key("to")
      json.seconds(max(end, gap.from))
      json.key("open")
      json.bool(gap.to == nil)
      json.endObject()
    }
  }
}
