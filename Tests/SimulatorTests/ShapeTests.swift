/// Every kind of message the simulated exchange sends has the shape of a recorded one: keys, their order
/// where recordings agree on one, JSON types, string formats.
///
/// Not checkable, because no recording of the kind exists (the protocol sheet's words were followed instead):
/// - vaultDetails but for its portfolio;
/// - allPerpMetas as served (the one sample is an edited excerpt; its elements are checked as meta);
/// - recentTrades over REST (checked as trades of the WebSocket);
/// - the bodies of 422, 429 and 5xx (texts quoted in the sheet);
/// - acks of unsubscribe and of allMids, activeAssetCtx, allDexsAssetCtxs, userFills;
/// - `Already subscribed`, `Already unsubscribed`, `Invalid subscription` and limit errors;
/// - userFills increments (checked as snapshots without the flag);
/// - l2Book with `spread` or `fast`; allMids of a builder dex over the WebSocket;
/// - fills with dir `Liquidated Cross …` or `Settlement`, and the liquidated user's own row of a backstop;
/// - a meta with a delisted coin and `collateralToken` together.
import Base
import Foundation
import Testing

@testable import Simulator

/// The recorded payloads, if this machine has them.
enum Samples {
  static let folder: URL? = {
    var roots: [URL] = []
    if let set = ProcessInfo.processInfo.environment["HYNOUS_SHARED"] { roots.append(URL(filePath: set)) }
    for start in [URL(filePath: #filePath), URL(filePath: FileManager.default.currentDirectoryPath)] {
      var folder = start
      while folder.path.count > 1 {
        folder.deleteLastPathComponent()
        roots.append(folder.appending(path: "../shared").standardizedFileURL)
        roots.append(folder.appending(path: "shared"))
      }
    }
    let found = roots.map { $0.appending(path: "hyperliquid/samples") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
    if found == nil {
      print("SKIPPED: no recorded payloads found (set HYNOUS_SHARED): shapes are not compared")
    }
    return found
  }()

  static func load(_ name: String) throws -> RequestValue {
    let folder = try #require(folder)
    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    return try #require(RequestValue(text), "\(name) is no JSON")
  }
}

/// One kind of message: where it was recorded, and how to make ours.
struct ShapeCase: CustomTestStringConvertible, Sendable {
  var name: String
  var recordings: [String]
  var maps: Set<String> = []
  /// Places the recordings do not show but the sheet describes (`cloid`, a `twapId` that is a number).
  var extra: Set<String> = []
  /// Looks into a recording for the part to learn from.
  var part: @Sendable (RequestValue) -> RequestValue? = { $0 }
  var ours: @Sendable (ShapeWorld) throws -> [RequestValue]

  var testDescription: String { name }
}

/// An exchange that has lived through everything a message can show.
struct ShapeWorld {
  let exchange: Exchange

  init(seed: UInt64 = 7) {
    exchange = busyExchange(seed: seed, tradesPerSecond: 10, coins: 20)
    exchange.limits.weightPerMin = 10_000_000
    exchange.world.list("NEW")
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 300_000))
    exchange.world.delist("kPEPE")
  }

  func info(_ body: String) throws -> RequestValue { try exchange.answer(body) }

  func everybody() -> [String] {
    (0..<exchange.world.accountCount).map { ExchangeInfoTests.hex(exchange.world.address($0)) }
  }

  /// The frames of a channel after subscribing and waiting a little.
  func frames(_ subscription: String, _ channel: String, ms: Int = 3_000) throws -> [RequestValue] {
    let client = try SimClient(exchange)
    client.subscribe(subscription)
    client.wait(ms)
    client.link.clientClosed()
    return client.take(channel)
  }
}

@Suite("Shapes of recordings", .enabled(if: Samples.folder != nil))
struct ShapeTests {
  @Test("ours has the recorded shape", arguments: ShapeCase.all)
  func shape(_ shape: ShapeCase) throws {
    var learnt = Shape()
    for name in shape.recordings {
      let recording = try Samples.load(name)
      learnt.learn(try #require(shape.part(recording), "\(name): part not found"), maps: shape.maps)
    }
    let ours = try shape.ours(ShapeWorld())
    #expect(!ours.isEmpty)
    var found: Set<String> = []
    for value in ours { found.formUnion(learnt.differences(value, maps: shape.maps, extra: shape.extra)) }
    #expect(found.sorted() == [])
  }
}

extension ShapeCase {
  private static let meta = [
    "rest_meta_2025-08_203coins_mainnet.json"
  ]
  private static let withContexts = [
    "rest_metaAndAssetCtxs_4coins.json", "rest_metaAndAssetCtxs_2026-02_dex_xyz.json",
    "rest_metaAndAssetCtxs_2025-08_mainnet_full.json",
  ]
  private static let fillRows = [
    "rest_userFillsByTime_2025-08.json", "rest_userFills_liquidator_backstop.json",
    "rest_userFills_row_maker_vs_liquidation_HIP3.json",
  ]
  private static let states = [
    "rest_clearinghouseState_BTC_cross_null_liquidationPx.json",
    "rest_clearinghouseState_HLP_strategyA_6coins.json",
    "rest_clearinghouseState_isolated_HYPE.json", "rest_clearinghouseState_empty_account.json",
  ]

  static let all: [ShapeCase] = rest + sockets

  private static let rest: [ShapeCase] = [
    // The full mainnet recording is older than collateralToken; the excerpt of 2026 has it.
    ShapeCase(name: "meta", recordings: meta, extra: [".collateralToken"]) {
      [try $0.info(#"{"type":"meta"}"#)]
    },
    ShapeCase(name: "meta of a dex", recordings: withContexts, part: { $0.elements.first }) {
      [try $0.info(#"{"type":"meta","dex":"xyz"}"#)] + (try $0.info(#"{"type":"allPerpMetas"}"#)).elements
    },
    ShapeCase(name: "metaAndAssetCtxs", recordings: withContexts) {
      [
        try $0.info(#"{"type":"metaAndAssetCtxs"}"#),
        try $0.info(#"{"type":"metaAndAssetCtxs","dex":"xyz"}"#),
      ]
    },
    ShapeCase(name: "perpDexs", recordings: ["rest_perpDexs_2025-12.json"]) {
      [try $0.info(#"{"type":"perpDexs"}"#)]
    },
    ShapeCase(name: "allMids", recordings: ["rest_allMids_2025-12.json"], maps: [""]) {
      [try $0.info(#"{"type":"allMids"}"#), try $0.info(#"{"type":"allMids","dex":"xyz"}"#)]
    },
    ShapeCase(name: "clearinghouseState", recordings: states) { world in
      try world.everybody().flatMap { user in
        try ["", "xyz"].map {
          try world.info(#"{"type":"clearinghouseState","user":\#(user),"dex":"\#($0)"}"#)
        }
      }
    },
    ShapeCase(name: "userFillsByTime", recordings: fillRows, extra: ["[].cloid", "[].twapId"]) { world in
      try world.everybody().map { try world.info(#"{"type":"userFillsByTime","user":\#($0),"startTime":0}"#) }
    },
    ShapeCase(name: "userFills", recordings: fillRows, extra: ["[].cloid", "[].twapId"]) { world in
      try world.everybody().map { try world.info(#"{"type":"userFills","user":\#($0)}"#) }
    },
    ShapeCase(
      name: "portfolio in vaultDetails", recordings: ["rest_portfolio_hlp_child_B.json"]
    ) { world in
      try world.exchange.world.vaultAddresses.map { vault in
        let text = ExchangeInfoTests.hex(vault)
        return try #require(try world.info(#"{"type":"vaultDetails","vaultAddress":\#(text)}"#)["portfolio"])
      }
    },
    ShapeCase(name: "l2Book", recordings: ["rest_l2Book_spot_@107.json"]) {
      [try $0.info(#"{"type":"l2Book","coin":"BTC"}"#), try $0.info(#"{"type":"l2Book","coin":"kPEPE"}"#)]
    },
    ShapeCase(name: "exchangeStatus", recordings: ["rest_exchangeStatus.json"]) {
      [try $0.info(#"{"type":"exchangeStatus"}"#)]
    },
    ShapeCase(name: "spotMeta", recordings: ["rest_spotMeta_1pair.json"]) {
      [try $0.info(#"{"type":"spotMeta"}"#)]
    },
    ShapeCase(name: "spotClearinghouseState", recordings: ["rest_spotClearinghouseState_empty.json"]) {
      [try $0.info(#"{"type":"spotClearinghouseState","user":\#($0.everybody()[0])}"#)]
    },
    ShapeCase(name: "userRole", recordings: ["rest_userRole_vault_2025.json"]) {
      [try $0.info(#"{"type":"userRole","user":\#($0.everybody()[0])}"#)]
    },
  ]

  private static let sockets: [ShapeCase] = [
    ShapeCase(name: "ws trades", recordings: ["ws_trades_BTC_2025-07.json", "ws_trades_SOL_testnet.json"]) {
      try $0.frames(#"{"type":"trades","coin":"BTC"}"#, "trades", ms: 60_000)
    },
    ShapeCase(
      name: "recentTrades", recordings: ["ws_trades_BTC_2026-08_buyAggressor_data_only.json"]
    ) { [try $0.info(#"{"type":"recentTrades","coin":"BTC"}"#)] },
    ShapeCase(name: "ws activeAssetCtx", recordings: ["ws_activeAssetCtx_SOL_testnet.json"]) {
      try $0.frames(#"{"type":"activeAssetCtx","coin":"BTC"}"#, "activeAssetCtx")
    },
    ShapeCase(name: "ws allDexsAssetCtxs", recordings: ["ws_allDexsAssetCtxs_full.json"]) {
      try $0.frames(#"{"type":"allDexsAssetCtxs"}"#, "allDexsAssetCtxs")
    },
    ShapeCase(name: "ws allMids", recordings: ["ws_allMids_trimmed.json"], maps: [".data.mids"]) {
      try $0.frames(#"{"type":"allMids"}"#, "allMids", ms: 6_000)
    },
    ShapeCase(name: "ws l2Book", recordings: ["ws_l2Book_BTC_20x20.json"]) {
      try $0.frames(#"{"type":"l2Book","coin":"BTC"}"#, "l2Book")
    },
    ShapeCase(
      name: "ws userFills", recordings: ["ws_userFills_snapshot_with_own_liquidation.json"],
      extra: [".data.fills[].twapId"]
    ) { world in
      // A snapshot's flag is absent from increments; both are compared with the one recording there is.
      try world.everybody().prefix(20).flatMap { user in
        try world.frames(#"{"type":"userFills","user":\#(user)}"#, "userFills", ms: 1)
      }
    },
    ShapeCase(
      name: "ws acks",
      recordings: ["ws_subscriptionResponse_trades.json", "ws_subscriptionResponse_l2Book.json"],
      extra: [".data.subscription.fast"]
    ) {
      try $0.frames(#"{"type":"trades","coin":"BTC"}"#, "subscriptionResponse")
        + $0.frames(#"{"type":"l2Book","coin":"BTC"}"#, "subscriptionResponse")
    },
    ShapeCase(name: "ws error", recordings: ["ws_error_unknown_type_liquidations.json"]) {
      try $0.frames(#"{"type":"liquidations"}"#, "error")
    },
    ShapeCase(name: "ws pong", recordings: ["ws_pong.json"]) { world in
      let client = try SimClient(world.exchange)
      client.send(#"{"method":"ping"}"#)
      return client.take("pong")
    },
    ShapeCase(
      name: "ws post", recordings: ["ws_post_info_spotMeta_truncated.json"],
      extra: [".data.response.payload.data.tokens"]
    ) { world in
      let client = try SimClient(world.exchange)
      client.send(#"{"method":"post","id":3,"request":{"type":"info","payload":{"type":"spotMeta"}}}"#)
      return client.take("post")
    },
  ]
}
