import Base
import Foundation
import Hyperliquid
import Market
import Testing
import Wire

// Trades and fills: our decoders against Foundation's tree of the same bytes.
extension SampleChecks {
  static func trades(_ name: String, _ bytes: ByteBuffer) throws {
    let rows = try #require(try data(name) as? [Row])
    let coins = Samples.coins(rows.compactMap { $0["coin"] as? String })
    let frame = name.contains("data_only") ? Samples.buffer("{\"channel\":\"trades\",\"data\":") : bytes
    if name.contains("data_only") {
      frame.append(bytes.bytes)
      frame.append(UInt8(ascii: "}"))
    }
    let feed = TradesFeed()
    try feed.decode(Frame.classify(frame.bytes), coins: coins)
    #expect(feed.trades.count == rows.count && feed.invalid == 0 && feed.unlisted == 0)
    for (trade, row) in zip(feed.trades, rows) {
      #expect(coins[trade.coin].name == row["coin"] as? String)
      #expect(trade.side == (row["side"] as? String == "B" ? .buy : .sell))
      #expect(trade.px.raw == scaled(row["px"], 8) && trade.sz.raw == scaled(row["sz"], 8))
      #expect(trade.time.ms == row["time"] as? Int64 && trade.tid == row["tid"] as? UInt64)
      #expect([trade.buyer.description, trade.seller.description] == row["users"] as? [String])
    }
  }

  static func userFills(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require(try data(name) as? Row)
    let rows = try #require(tree["fills"] as? [Row])
    var decoded = UserFills()
    let coins = Samples.coins(Set(rows.compactMap { $0["coin"] as? String }).sorted())
    try decoded.decode(Frame.classify(bytes.bytes), coins: coins)
    #expect(decoded.user.description == tree["user"] as? String)
    #expect(decoded.isSnapshot == (tree["isSnapshot"] as? Bool ?? false))
    try check(decoded.fills, rows, coins)
  }

  static func fills(_ name: String, _ bytes: ByteBuffer) throws {
    let rows = try #require(try data(name) as? [Row])
    let coins = Samples.coins(Set(rows.compactMap { $0["coin"] as? String }).sorted())
    var fills = Fills()
    try fills.decode(body: bytes.bytes, coins: coins)
    try check(fills, rows, coins)
  }

  static func check(_ fills: Fills, _ rows: [Row], _ coins: Coins) throws {
    #expect(fills.fills.count == rows.count && fills.invalid == 0 && fills.rows == rows.count)
    for (fill, row) in zip(fills.fills, rows) {
      #expect(fill.coin.map { coins[$0].name } == row["coin"] as? String)
      #expect(fill.px.raw == scaled(row["px"], 8) && fill.sz.raw == scaled(row["sz"], 8))
      #expect(fill.side == (row["side"] as? String == "B" ? .buy : .sell))
      #expect(fill.time.ms == row["time"] as? Int64)
      #expect(fill.startPosition.raw == scaled(row["startPosition"], 8))
      #expect(fill.closedPnl.micros == scaled(row["closedPnl"], 6))
      #expect(fill.fee.micros == scaled(row["fee"], 6) ?? 0)
      #expect(fill.oid == row["oid"] as? UInt64 && fill.tid == row["tid"] as? UInt64)
      #expect(fill.isTaker == row["crossed"] as? Bool && fill.twapId == row["twapId"] as? UInt64)
      #expect(fill.direction != .other && fill.direction != .missing)
      let hash = try #require(row["hash"] as? String)
      #expect((0..<4).map { hex(fill.hash.words[$0]) }.joined() == hash.dropFirst(2))
      let mark = row["liquidation"] as? Row
      #expect((fill.liquidation == nil) == (mark == nil))
      if let mark, let liquidation = fill.liquidation {
        #expect(liquidation.user?.description == mark["liquidatedUser"] as? String)
        #expect(liquidation.markPx.raw == scaled(mark["markPx"], 8))
        #expect(liquidation.method == (mark["method"] as? String == "market" ? .market : .backstop))
      }
    }
  }

  private static func hex(_ word: UInt64) -> String {
    let text = String(word, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  static func clearinghouse(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require(try data(name) as? Row)
    let rows = try #require(tree["assetPositions"] as? [Row]).compactMap { $0["position"] as? Row }
    let coins = Samples.coins(rows.compactMap { $0["coin"] as? String })
    let state = try ClearinghouseState.decode(body: bytes.bytes, coins: coins)
    for (summary, key) in [(state.margin, "marginSummary"), (state.crossMargin, "crossMarginSummary")] {
      let sums = try #require(tree[key] as? Row)
      #expect(summary.accountValue.micros == scaled(sums["accountValue"], 6))
      #expect(summary.totalNtlPos.micros == scaled(sums["totalNtlPos"], 6))
      #expect(summary.totalRawUsd.micros == scaled(sums["totalRawUsd"], 6))
      #expect(summary.totalMarginUsed.micros == scaled(sums["totalMarginUsed"], 6))
    }
    #expect(state.withdrawable.micros == scaled(tree["withdrawable"], 6))
    #expect(state.crossMaintenanceMarginUsed.micros == scaled(tree["crossMaintenanceMarginUsed"], 6))
    #expect(state.time.ms == tree["time"] as? Int64)
    #expect(state.positions.count == rows.count && state.invalid == 0 && state.unlisted == 0)
    for (position, row) in zip(state.positions, rows) {
      #expect(position.szi.raw == scaled(row["szi"], 8) && position.entryPx.raw == scaled(row["entryPx"], 8))
      #expect(position.positionValue.micros == scaled(row["positionValue"], 6))
      #expect(position.unrealizedPnl.micros == scaled(row["unrealizedPnl"], 6))
      #expect(position.liquidationPx?.raw == scaled(row["liquidationPx"], 8))
      #expect(position.marginUsed.micros == scaled(row["marginUsed"], 6))
      #expect(position.returnOnEquity == (row["returnOnEquity"] as? String).flatMap(Double.init))
      #expect(position.maxLeverage == row["maxLeverage"] as? Int)
      let leverage = try #require(row["leverage"] as? Row)
      #expect(position.leverage == leverage["value"] as? Int)
      #expect(position.isIsolated == (leverage["type"] as? String == "isolated"))
      #expect(position.isolatedRawUsd?.micros == scaled(leverage["rawUsd"], 6))
      #expect(position.fundingSinceOpen.micros == scaled((row["cumFunding"] as? Row)?["sinceOpen"], 6))
    }
  }
}
