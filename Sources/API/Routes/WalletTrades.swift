/// `GET /v1/smart-money/wallet/{address}/trades`: a wallet's closed trades, newest exit first.
///
/// Read from memory; trades that are not there are loaded from disk while the request waits.
import Base
import Engines
import Market
import Wire

extension Route {
  static let walletTrades = Route(
    .get, "/v1/smart-money/wallet/{address}/trades", name: "wallet-trades",
    summary: "A wallet's closed trades",
    about: """
      Trades from flat to flat as the last profile found them, newest exit first. A wallet that was never profiled \
      has none.
      """,
    parameters: [
      .path("address", "The account; blanks around it and capitals do not matter"),
      .integer("limit", 50, atLeast: 1, atMost: 200, "How many trades"),
    ],
    example: "/v1/smart-money/wallet/0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55/trades",
    answers: [
      Answer(
        200, "The trades",
        .object(
          "WalletTrades",
          [
            .init("trades", .list(TradeAnswer.schema, "Newest exit first")),
            .init("count", .integer("Rows")),
            .init("address", Words.address),
          ]),
        example: """
          {"trades":[{"coin":"BTC","side":"long","entry_px":98120.5,"exit_px":98341.0,"size_usd":54083.63,\
          "pnl_usd":121.54,"pnl_pct":0.002247,"hold_hours":0.31,"entry_time":1795350173.73,\
          "exit_time":1795351289.2,"is_win":1}],"count":1,\
          "address":"0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d55"}
          """)
    ]
  ) { call in
    let views = call.views
    let key = call.key(0)
    let address = Address(key)
    var trades = address.flatMap { views.knowledge.recentTrades.of($0) }
    if trades == nil, let address, call.resumed == nil {
      switch views.wantTrades?(address) ?? .unavailable {
      case .pending:
        call.park(on: .trades(address), until: views.now.instant + WalletAnswer.waitMax)
        return
      case .ready: trades = views.knowledge.recentTrades.of(address)
      case .unavailable: break
      }
    }
    let limit = Int(call.integer(1))
    var json = call.begin(200)
    json.beginObject()
    json.key("trades")
    TradeAnswer.list(trades ?? [], limit: limit, views.coins, &json)
    json.count("count", min(trades?.count ?? 0, limit))
    json.pair("address", key)
    json.endObject()
  }
}

/// A closed trade as several answers show it.
enum TradeAnswer {
  static let schema = Schema.object(
    "ClosedTrade",
    [
      .init("coin", Words.coin),
      .init("side", Words.side),
      .init("entry_px", .number("Volume-weighted entry price")),
      .init("exit_px", .number("Volume-weighted exit price")),
      .init("size_usd", .number("Entry notional, USD")),
      .init("pnl_usd", .number("Profit before fees, USD")),
      .init("pnl_pct", .number("Profit over entry notional, a fraction")),
      .init("hold_hours", .number("Hours from first entry to last exit")),
      .init("entry_time", .number("First entry, epoch seconds")),
      .init("exit_time", .number("Last exit, epoch seconds")),
      .init("is_win", .integer("1 when it made money")),
    ])

  /// Writes the first `limit` of `trades` as an array.
  static func list(_ trades: [ClosedTrade], limit: Int, _ coins: Coins, _ json: inout JSONWriter) {
    json.beginArray()
    for trade in trades.prefix(limit) {
      json.beginObject()
      json.pair("coin", coins[trade.coin].name)
      json.side(trade.isLong)
      json.number("entry_px", trade.entryPx)
      json.number("exit_px", trade.exitPx)
      json.number("size_usd", trade.sizeUsd)
      json.number("pnl_usd", trade.pnlUsd)
      json.number("pnl_pct", trade.pnlPct)
      json.number("hold_hours", trade.holdHours)
      json.time("entry_time", trade.entryTime)
      json.time("exit_time", trade.exitTime)
      json.bit("is_win", trade.isWin)
      json.endObject()
    }
    json.endArray()
  }
}
