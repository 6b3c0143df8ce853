// What an exchange and a disk in good health say, for the scripts of the core target.
import Base
import Market
import Store

enum CoreReplies {
  static let account = Address(a: 0x1111_1111_1111_1111, b: 0x1111_1111_1111_1111, c: 0x1111_1111)

  /// What clients ask of a service that came back.
  static let paths = [
    "/v1/whales/BTC?top_n=50", "/v1/heatmap/BTC", "/v1/smart-money", "/v1/smart-money/watchlist",
    "/v1/smart-money/wallet/\(account)", "/v1/liquidations", "/v1/smart-money/changes", "/v1/hlp/sentiment",
    "/v1/hlp/positions", "/v1/stats", "/health", "/v1/orderflow",
  ]

  /// The reply to a request's body.
  static func answer(_ body: String) -> [UInt8] {
    if body.contains("perpDexs") { return Array(#"[null,{"name":"xyz"}]"#.utf8) }
    if body.contains("clearinghouseState") { return Array(clearinghouse.utf8) }
    if body.contains("userFillsByTime") { return Array(fills.utf8) }
    if body.contains("vaultDetails") { return Array(vault.utf8) }
    if body.contains("allMids") { return Array(#"{"BTC":"70000.5","ETH":"3000.25","kX":"0.0001"}"#.utf8) }
    let prefix = body.contains("xyz") ? "xyz:" : ""
    let rows = ["BTC", "ETH", "kX"].map {
      #"{"szDecimals":3,"name":"\#(prefix)\#($0)","maxLeverage":20,"marginTableId":1}"#
    }
    let meta = #"{"universe":[\#(rows.joined(separator: ","))],"marginTables":[],"collateralToken":0}"#
    if body.contains("allPerpMetas") { return Array("[\(meta)]".utf8) }
    guard body.contains("metaAndAssetCtxs") else { return Array(meta.utf8) }
    let context =
      #"{"funding":"0.00001","openInterest":"25.5","prevDayPx":"69000.0","dayNtlVlm":"1.5","#
      + #""premium":"0.0","oraclePx":"70000.0","markPx":"70000.0","midPx":"70000.0","impactPxs":null}"#
    return Array("[\(meta),[\(context),\(context),\(context)]]".utf8)
  }

  private static let clearinghouse =
    #"{"marginSummary":{"accountValue":"1234567.8","totalNtlPos":"350000.0","totalRawUsd":"-1.0","totalMarginUsed":"1.0"},"#
    + #""crossMaintenanceMarginUsed":"1.0","withdrawable":"1.0","time":1795353385000,"assetPositions":["#
    + #"{"type":"oneWay","position":{"coin":"BTC","szi":"5.0","leverage":{"type":"cross","value":20},"#
    + #""entryPx":"69000.5","positionValue":"350617.5","unrealizedPnl":"5617.5","returnOnEquity":"0.1","#
    + #""liquidationPx":"60000.0","marginUsed":"17530.8","maxLeverage":40,"#
    + #""cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}]}"#

  private static let fills =
    #"[{"coin":"BTC","px":"70123.0","sz":"0.5","side":"B","time":1795353000123,"startPosition":"0.0","#
    + #""dir":"Open Long","closedPnl":"0.0","hash":"0x00","oid":1,"crossed":true,"fee":"0.1","tid":1,"feeToken":"USDC"},"#
    + #"{"coin":"BTC","px":"70200.0","sz":"0.5","side":"A","time":1795353001123,"startPosition":"0.5","#
    + #""dir":"Close Long","closedPnl":"38.5","hash":"0x00","oid":2,"crossed":false,"fee":"0.1","tid":2,"feeToken":"USDC"}]"#

  private static let vault =
    #"{"name":"V","vaultAddress":"0x1111111111111111111111111111111111111111","relationship":{"type":"parent","#
    + #""data":{"childAddresses":["0x3333333333333333333333333333333333333333"]}}}"#

  /// One trade in a frame's text.
  static func trade(_ who: UInt8, _ what: UInt8, _ now: WallTime) -> String {
    let digits = Array("0123456789abcdef")
    let buyer = String(repeating: digits[Int(who & 15)], count: 40)
    let seller = String(repeating: digits[Int(who >> 4)], count: 40)
    let coin = ["BTC", "ETH", "kX", "xyz:BTC"][Int(what & 3)]
    let side = what & 4 == 0 ? "B" : "A"
    return #"{"channel":"trades","data":[{"coin":"\#(coin)","side":"\#(side)","px":"\#(1 + Int(what)).5","#
      + #""sz":"\#(Int(what) * 3).25","time":\#(now.ms &- Int64(what) * 40),"hash":"0x00","tid":\#(Int(who) << 8 | Int(what)),"#
      + #""users":["0x\#(buyer)","0x\#(seller)"]}]}"#
  }

  /// What a file holds: an account with a position, watched, alerted and profiled.
  static func state(_ now: WallTime) -> StoredState {
    var state = StoredState()
    state.addresses = [
      AddressRecord(
        address: account, firstSeen: WallTime(ms: now.ms &- 90_000), lastSeen: now, tradeCount: 7,
        lastPolled: now, tier: 1,
        totalSizeUsd: 5e6)
    ]
    state.positions = [
      PositionRow(
        address: account, coin: "BTC", isLong: true, size: 5, sizeUsd: 350_000, entryPx: 70_000,
        markPx: 70_000,
        leverage: 20, marginUsed: 17_500, liqPx: 60_000, unrealizedPnl: 0, updatedAt: now)
    ]
    state.watched = [
      WatchedWallet(key: account.description, label: "one", addedAt: now, isActive: true, notes: "", tags: "")
    ]
    state.alerts = [
      WalletAlert(
        id: 1, key: account.description, alertType: "any_trade", minSizeUsd: 1, coins: "", isEnabled: true,
        createdAt: now)
    ]
    state.lastAlertID = 1
    state.equity = [EquitySnapshot(address: account, at: now, equity: 1e6, unrealized: 0)]
    return state
  }

  /// A wallet's trades as the file has them.
  static func trades(_ now: WallTime) -> StoreAnswer { .walletTrades(account, []) }
}
