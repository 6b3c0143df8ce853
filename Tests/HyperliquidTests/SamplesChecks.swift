import Base
import Foundation
import Hyperliquid
import Market
import Testing
import Wire

/// One check per kind of payload: our decoder against Foundation's tree of the same bytes.
enum SampleChecks {
  typealias Row = [String: Any]

  /// The value of a decimal text in units of 10^-scale, by Foundation's decimal arithmetic, half away from zero.
  static func scaled(_ text: Any?, _ scale: Int) -> Int64? {
    guard let text = text as? String, var value = Decimal(string: text) else { return nil }
    for _ in 0..<scale { value *= 10 }
    var rounded = Decimal()
    NSDecimalRound(&rounded, &value, 0, .plain)
    return Int64("\(rounded)")
  }

  static func data(_ name: String) throws -> Any {
    let tree = try Samples.tree(name)
    guard name.hasPrefix("ws_"), let envelope = tree as? Row else { return tree }
    return envelope["data"] ?? NSNull()
  }

  static func mids(_ name: String, _ bytes: ByteBuffer) throws {
    var map = try #require(try data(name) as? Row)
    if let inner = map["mids"] as? Row { map = inner }
    let listed = map.keys.filter { !$0.hasPrefix("@") && !$0.contains("/") }.sorted()
    let coins = Samples.coins(listed)
    var mids = Mids()
    if name.hasPrefix("ws_") {
      try mids.decode(Frame.classify(bytes.bytes), coins: coins)
    } else {
      try mids.decode(body: bytes.bytes, coins: coins)
    }
    #expect(mids.mids.count == listed.count && mids.unlisted == map.count - listed.count && mids.invalid == 0)
    for mid in mids.mids { #expect(mid.px.raw == scaled(map[coins[mid.coin].name], 8)) }
  }

  static func check(_ meta: Meta, _ tree: Row) {
    let rows = tree["universe"] as? [Row] ?? []
    #expect(meta.universe.count == rows.count && !rows.isEmpty)
    for (asset, row) in zip(meta.universe, rows) {
      #expect(asset.name == row["name"] as? String)
      #expect(asset.szDecimals == row["szDecimals"] as? Int)
      #expect(asset.maxLeverage == row["maxLeverage"] as? Int)
      #expect(asset.marginTableId == row["marginTableId"] as? Int)
      #expect(asset.isDelisted == (row["isDelisted"] as? Bool ?? false))
      #expect(asset.isOnlyIsolated == (row["onlyIsolated"] as? Bool ?? false || row["marginMode"] is String))
    }
    #expect(meta.marginTables.count == (tree["marginTables"] as? [Any] ?? []).count)
    #expect(meta.collateralToken == tree["collateralToken"] as? Int)
  }

  static func meta(_ name: String, _ bytes: ByteBuffer) throws {
    check(try Meta.decode(body: bytes.bytes), try #require(try data(name) as? Row))
  }

  static func allMetas(_ name: String, _ bytes: ByteBuffer) throws {
    let rows = try #require(try data(name) as? [Row])
    let metas = try Meta.decodeAll(body: bytes.bytes)
    #expect(metas.count == rows.count)
    for (meta, row) in zip(metas, rows) { check(meta, row) }
  }

  static func check(_ context: AssetContext?, _ row: Row) throws {
    let context = try #require(context)
    #expect(context.markPx.raw == scaled(row["markPx"], 8))
    #expect(context.oraclePx.raw == scaled(row["oraclePx"], 8))
    #expect(context.prevDayPx.raw == scaled(row["prevDayPx"], 8))
    #expect(context.midPx?.raw == scaled(row["midPx"], 8))
    #expect(context.impactBidPx?.raw == scaled((row["impactPxs"] as? [String])?[0], 8))
    #expect(context.impactAskPx?.raw == scaled((row["impactPxs"] as? [String])?[1], 8))
    for (value, key) in [
      (context.funding, "funding"), (context.openInterest, "openInterest"), (context.dayNtlVlm, "dayNtlVlm"),
    ] {
      #expect(value == (row[key] as? String).flatMap(Double.init), "\(key)")
    }
    #expect(context.premium == (row["premium"] as? String).flatMap(Double.init))
    if let volume = row["dayBaseVlm"] as? String { #expect(context.dayBaseVlm == Double(volume)) }
  }

  static func metaAndContexts(_ name: String, _ bytes: ByteBuffer) throws {
    let pair = try #require(try data(name) as? [Any])
    let decoded = try MetaAndContexts.decode(body: bytes.bytes)
    check(decoded.meta, try #require(pair[0] as? Row))
    for (context, row) in zip(decoded.contexts, try #require(pair[1] as? [Row])) { try check(context, row) }
  }

  static func allContexts(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require((try data(name) as? Row)?["ctxs"] as? [[Any]])
    var decoded = DexContexts()
    try decoded.decode(Frame.classify(bytes.bytes))
    #expect(decoded.dexes.map(\.name) == tree.map { $0[0] as? String } && decoded.invalid == 0)
    for (dex, pair) in zip(decoded.dexes, tree) {
      let rows = try #require(pair[1] as? [Row])
      #expect(dex.rows.count == rows.count)
      for (context, row) in zip(decoded.contexts[dex.rows], rows) { try check(context, row) }
    }
  }

  static func activeContext(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require(try data(name) as? Row)
    let coin = try #require(tree["coin"] as? String)
    let decoded = try ActiveAssetContext.decode(Frame.classify(bytes.bytes), coins: Samples.coins([coin]))
    #expect(decoded.coin == CoinID(raw: 0))
    try check(decoded.context, try #require(tree["ctx"] as? Row))
  }

  static func book(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require(try data(name) as? Row)
    let coins = Samples.coins([try #require(tree["coin"] as? String)])
    var book = Book()
    if name.hasPrefix("ws_") {
      try book.decode(Frame.classify(bytes.bytes), coins: coins)
    } else {
      try book.decode(body: bytes.bytes, coins: coins)
    }
    #expect(book.coin == CoinID(raw: 0) && book.time.ms == tree["time"] as? Int64 ?? 0)
    let sides = try #require(tree["levels"] as? [[Row]])
    for (levels, rows) in zip([book.bids, book.asks], sides) {
      #expect(levels.count == rows.count)
      for (level, row) in zip(levels, rows) {
        #expect(level.px.raw == scaled(row["px"], 8) && level.sz.raw == scaled(row["sz"], 8))
        #expect(Int(level.orders) == row["n"] as? Int)
      }
    }
  }

  static func dexes(_ name: String, _ bytes: ByteBuffer) throws {
    let rows = try #require(try data(name) as? [Any])
    let dexes = try PerpDex.decode(body: bytes.bytes)
    #expect(dexes.count == rows.count && dexes[0].name.isEmpty)
    for dex in dexes.dropFirst() {
      #expect(dex.name == (rows[dex.index] as? Row)?["name"] as? String)
      #expect(dex.fullName == (rows[dex.index] as? Row)?["fullName"] as? String)
    }
  }

  static func error(_ name: String, _ bytes: ByteBuffer) throws {
    let error = try ServerError.decode(Frame.classify(bytes.bytes))
    let text = try data(name) as? String
    #expect(error.kind == .unparsableRequest && error.text.string == text)
  }

  static func pong(_ name: String, _ bytes: ByteBuffer) throws {
    #expect(Frame.classify(bytes.bytes).channel == .pong)
  }

  static func ack(_ name: String, _ bytes: ByteBuffer) throws {
    let tree = try #require((try data(name) as? Row)?["subscription"] as? Row)
    let ack = try SubscriptionAck.decode(Frame.classify(bytes.bytes))
    #expect(ack.method == .subscribe && ack.type?.string == tree["type"] as? String)
    #expect(ack.coin?.string == tree["coin"] as? String && ack.dex == nil && ack.user == nil)
    let coin = tree["coin"] as? String ?? ""
    #expect(ack.acks(Subscription(.trades, coin)) == name.contains("trades"))
    #expect(ack.acks(Subscription(.l2Book, coin)) == name.contains("l2Book"))
    #expect(!ack.acks(Subscription(.trades, "NOPE")))
  }
}
