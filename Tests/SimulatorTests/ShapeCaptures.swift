/// One small message of each shape, kept in Tests/Captures: made again from the same seed and compared byte
/// for byte, so that a change of what the simulated exchange sends is seen in review.
///
/// To accept a change: HYNOUS_UPDATE_CAPTURES=1 swift test --filter Captures
import Base
import Foundation
import Testing

@testable import Simulator

@Suite("Captures of every shape")
struct ShapeCaptures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Captures")

  /// A world of five coins and eight traders, five minutes old.
  static func exchange() -> Exchange {
    var options = WorldOptions()
    options.coins = 5
    options.accounts = 8
    options.tradesPerSecond = 0.5
    options.volatility = 3
    let exchange = Exchange(world: World(seed: 42, options: options), seed: 42)
    exchange.limits.weightPerMin = 1_000_000
    exchange.world.advance(to: WallTime(ms: exchange.world.now.ms + 300_000))
    return exchange
  }

  static func text(_ exchange: Exchange, _ account: Account) -> String {
    ExchangeInfoTests.hex(account.address)
  }

  /// Info requests by capture name.
  static func requests(_ exchange: Exchange) throws -> [(String, String)] {
    let world = exchange.world
    let vault = ExchangeInfoTests.hex(world.vaultAddresses[0])
    let traders = world.traders.map { world.accounts[$0] }
    let cross = try #require(traders.first { $0.slots.contains { $0.szi != 0 && !$0.isIsolated } })
    let isolated = try #require(traders.first { $0.slots.contains { $0.szi != 0 && $0.isIsolated } })
    let victim = try #require(
      traders.first { trader in
        (trader.fills.dropped..<trader.fills.end).contains {
          trader.fills[$0].liquidated == Int32(trader.index)
        }
      })
    let since = world.now.ms - 60_000
    let maker = text(exchange, world.accounts[world.makers.lowerBound])
    return [
      ("rest_meta", #"{"type":"meta"}"#), ("rest_metaAndAssetCtxs", #"{"type":"metaAndAssetCtxs"}"#),
      ("rest_metaAndAssetCtxs_xyz", #"{"type":"metaAndAssetCtxs","dex":"xyz"}"#),
      ("rest_perpDexs", #"{"type":"perpDexs"}"#), ("rest_allPerpMetas", #"{"type":"allPerpMetas"}"#),
      ("rest_allMids", #"{"type":"allMids"}"#), ("rest_exchangeStatus", #"{"type":"exchangeStatus"}"#),
      ("rest_clearinghouseState_cross", #"{"type":"clearinghouseState","user":\#(text(exchange, cross))}"#),
      (
        "rest_clearinghouseState_isolated",
        #"{"type":"clearinghouseState","user":\#(text(exchange, isolated))}"#
      ),
      ("rest_userFills_liquidated", #"{"type":"userFills","user":\#(text(exchange, victim))}"#),
      ("rest_userFillsByTime", #"{"type":"userFillsByTime","user":\#(maker),"startTime":\#(since)}"#),
      ("rest_vaultDetails_parent", #"{"type":"vaultDetails","vaultAddress":\#(vault)}"#),
      ("rest_l2Book", #"{"type":"l2Book","coin":"BTC"}"#),
      ("rest_recentTrades", #"{"type":"recentTrades","coin":"BTC"}"#),
    ]
  }

  /// Subscriptions by capture name, with the channel and how many of its frames are kept.
  static func subscriptions(_ exchange: Exchange) -> [(String, String, String)] {
    let maker = text(exchange, exchange.world.accounts[exchange.world.makers.lowerBound])
    return [
      ("ws_trades", #"{"type":"trades","coin":"BTC"}"#, "trades"),
      ("ws_subscriptionResponse", #"{"type":"l2Book","coin":"BTC"}"#, "subscriptionResponse"),
      ("ws_l2Book", #"{"type":"l2Book","coin":"BTC"}"#, "l2Book"),
      ("ws_allMids", #"{"type":"allMids"}"#, "allMids"),
      ("ws_activeAssetCtx", #"{"type":"activeAssetCtx","coin":"BTC"}"#, "activeAssetCtx"),
      ("ws_allDexsAssetCtxs", #"{"type":"allDexsAssetCtxs"}"#, "allDexsAssetCtxs"),
      ("ws_userFills_increment", #"{"type":"userFills","user":\#(maker)}"#, "userFills"),
      ("ws_error", #"{"type":"liquidations"}"#, "error"),
    ]
  }

  /// Every capture, made anew.
  static func make() throws -> [(name: String, text: String)] {
    let exchange = exchange()
    var made: [(name: String, text: String)] = []
    for (name, request) in try requests(exchange) { made.append((name, exchange.ask(request).body)) }
    for (name, subscription, channel) in subscriptions(exchange) {
      let client = try SimClient(exchange)
      client.subscribe(subscription)
      client.wait(20_000)
      let frames = client.frames.filter { $0.hasPrefix(#"{"channel":"\#(channel)""#) }
      made.append((name, try #require(frames.last)))
      client.link.clientClosed()
    }
    return made
  }

  @Test("captures are what the exchange sends today")
  func captures() throws {
    let isUpdating = ProcessInfo.processInfo.environment["HYNOUS_UPDATE_CAPTURES"] != nil
    for (name, text) in try ShapeCaptures.make() {
      #expect(text.utf8.count < 32_768 && RequestValue(text) != nil, "\(name)")
      let file = ShapeCaptures.folder.appending(path: "exchange_\(name).json")
      if isUpdating {
        try FileManager.default.createDirectory(at: ShapeCaptures.folder, withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      let kept = try? String(contentsOf: file, encoding: .utf8)
      #expect(kept == text, "\(name) differs from Tests/Captures/exchange_\(name).json")
    }
  }
}
