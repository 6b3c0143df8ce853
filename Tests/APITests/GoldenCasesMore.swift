import Base
import Engines
import Market

@testable import API

extension GoldenCase {
  static let market: [GoldenCase] = [
    GoldenCase(route: "orderflow", name: "gap", path: "/v1/orderflow/BTC"),
    GoldenCase(route: "orderflow", name: "any-capitals", path: "/v1/orderflow/KPEPE"),
    GoldenCase(route: "orderflow", name: "open-gap", path: "/v1/orderflow/XYZ:tsla"),
    GoldenCase(route: "orderflow", name: "slash", path: "/v1/orderflow/purr%2Fusdc"),
    GoldenCase(route: "orderflow", name: "listed-never-traded", path: "/v1/orderflow/ETH"),
    GoldenCase(route: "orderflow", name: "unknown", path: "/v1/orderflow/nope"),
    GoldenCase(route: "orderflow", name: "unicode", path: "/v1/orderflow/%E2%82%BFx"),
    GoldenCase(route: "orderflow", name: "quotes", path: "/v1/orderflow/a%22%5C%0Ab"),
    GoldenCase(route: "orderflow", name: "disabled", path: "/v1/orderflow/BTC") {
      $0.components.tradeStream = false
    },
    GoldenCase(route: "orderflow-all", name: "ok", path: "/v1/orderflow"),
    GoldenCase(route: "orderflow-all", name: "empty", path: "/v1/orderflow") { $0.coins = .init() },
    GoldenCase(route: "orderflow-all", name: "disabled", path: "/v1/orderflow") {
      $0.components.tradeStream = false
    },
    GoldenCase(route: "coins", name: "ok", path: "/v1/coins"),
    GoldenCase(route: "coins", name: "empty", path: "/v1/coins") { $0.coins = .init() },
    GoldenCase(route: "heatmap", name: "btc", path: "/v1/heatmap/BTC"),
    GoldenCase(route: "heatmap", name: "cheap", path: "/v1/heatmap/kpepe"),
    GoldenCase(route: "heatmap", name: "listed-without-positions", path: "/v1/heatmap/xyz:tsla"),
    GoldenCase(route: "heatmap", name: "listed-without-price", path: "/v1/heatmap/PURR%2FUSDC"),
    GoldenCase(route: "heatmap", name: "before-the-first", path: "/v1/heatmap/BTC") {
      $0.knowledge.heatmap = nil
    },
    GoldenCase(route: "heatmap", name: "unknown", path: "/v1/heatmap/nope"),
    GoldenCase(route: "heatmap", name: "unknown-before-the-first", path: "/v1/heatmap/nope") {
      $0.knowledge.heatmap = nil
    },
    GoldenCase(route: "heatmap", name: "delisted", path: "/v1/heatmap/GONE"),
    GoldenCase(route: "heatmap", name: "disabled", path: "/v1/heatmap/BTC") {
      $0.components.positionPoller = false
    },
    GoldenCase(route: "whales", name: "btc", path: "/v1/whales/BTC"),
    GoldenCase(route: "whales", name: "top2", path: "/v1/whales/btc?top_n=2&zzz=1"),
    GoldenCase(route: "whales", name: "none", path: "/v1/whales/DOGE"),
    GoldenCase(route: "whales", name: "unknown", path: "/v1/whales/%22nope%22"),
    GoldenCase(route: "whales", name: "refused", path: "/v1/whales/BTC?top_n=5001"),
    GoldenCase(route: "book", name: "btc", path: "/v1/book/BTC"),
    GoldenCase(route: "book", name: "stale", path: "/v1/book/eth"),
    GoldenCase(route: "book", name: "not-followed", path: "/v1/book/SOL"),
    GoldenCase(route: "book", name: "unknown", path: "/v1/book/nope"),
    GoldenCase(route: "book", name: "one-sided", path: "/v1/book/BTC") { views in
      var book = Book()
      book.coin = FixedWorld.coin(views, "BTC")
      book.time = views.now.wall
      book.bids = [.init(px: FixedWorld.px(5), sz: FixedWorld.sz(2), orders: 1)]
      views.books.apply(book, now: views.now.instant)
    },
    GoldenCase(route: "book", name: "disabled", path: "/v1/book/BTC") { $0.components.books = false },
    GoldenCase(route: "liquidations", name: "all", path: "/v1/liquidations"),
    GoldenCase(route: "liquidations", name: "coin", path: "/v1/liquidations?coin=btc&hours=48&limit=1"),
    GoldenCase(route: "liquidations", name: "unknown", path: "/v1/liquidations?coin=nope"),
    GoldenCase(route: "liquidations", name: "refused", path: "/v1/liquidations?hours=0&limit=1001"),
    GoldenCase(route: "hlp-positions", name: "ok", path: "/v1/hlp/positions"),
    GoldenCase(route: "hlp-positions", name: "disabled", path: "/v1/hlp/positions") {
      $0.components.hlpTracker = false
    },
    GoldenCase(route: "hlp-sentiment", name: "ok", path: "/v1/hlp/sentiment"),
    GoldenCase(route: "hlp-sentiment", name: "one-hour", path: "/v1/hlp/sentiment?hours=1"),
    GoldenCase(route: "hlp-sentiment", name: "disabled", path: "/v1/hlp/sentiment") {
      $0.components.hlpTracker = false
    },
    GoldenCase(route: "hlp-sentiment", name: "refused", path: "/v1/hlp/sentiment?hours=inf"),
  ]

  static let smartMoney: [GoldenCase] = [
    GoldenCase(route: "smart-money", name: "ok", path: "/v1/smart-money"),
    GoldenCase(
      route: "smart-money", name: "filtered", path: "/v1/smart-money?top_n=1&min_win_rate=0.5&exclude_bots=on"
    ),
    GoldenCase(route: "smart-money", name: "none", path: "/v1/smart-money?style=nobody"),
    GoldenCase(
      route: "smart-money", name: "refused",
      path: "/v1/smart-money?top_n=0&min_win_rate=5&exclude_bots=perhaps"),
    GoldenCase(route: "watchlist", name: "ok", path: "/v1/smart-money/watchlist"),
    GoldenCase(route: "wallet", name: "bot", path: "/v1/smart-money/wallet/\(FixedWorld.bot)"),
    GoldenCase(
      route: "wallet", name: "spelled-otherwise",
      path: "/v1/smart-money/wallet/%20\(FixedWorld.bot.uppercased())%20?days=7"),
    GoldenCase(route: "wallet", name: "watched", path: "/v1/smart-money/wallet/\(FixedWorld.watched)"),
    GoldenCase(
      route: "wallet", name: "on-demand", path: "/v1/smart-money/wallet/\(FixedWorld.demanded)",
      store: { store in
        store.profiles[FixedWorld.address(FixedWorld.demanded)] = FixedWorld.profile(
          .scalper, winRate: 0.686, trades: 121, factor: 2.72, hours: 0.15,
          equity: FixedWorld.usd(6233.173139),
          ageMs: 0)
      }),
    GoldenCase(
      route: "wallet", name: "pending", path: "/v1/smart-money/wallet/\(FixedWorld.demanded)",
      store: { store in
        store.profiles[FixedWorld.address(FixedWorld.demanded)] = FixedWorld.profile(
          .mixed, winRate: 1, trades: 5, factor: 999, hours: 2, equity: nil, ageMs: 0)
        store.isLate = true
      }),
    GoldenCase(
      route: "wallet", name: "unknown",
      path: "/v1/smart-money/wallet/0x00000000000000000000000000000000000000a1"),
    GoldenCase(route: "wallet", name: "no-address", path: "/v1/smart-money/wallet/0x12"),
    GoldenCase(route: "wallet", name: "refused", path: "/v1/smart-money/wallet/0x12?days=91"),
    GoldenCase(
      route: "wallet-trades", name: "three", path: "/v1/smart-money/wallet/\(FixedWorld.bot)/trades?limit=3"),
    GoldenCase(
      route: "wallet-trades", name: "unknown",
      path: "/v1/smart-money/wallet/0x00000000000000000000000000000000000000A1/trades"),
    GoldenCase(route: "wallet-trades", name: "no-address", path: "/v1/smart-money/wallet/Z%C3%84/trades"),
    GoldenCase(route: "changes", name: "ok", path: "/v1/smart-money/changes"),
    GoldenCase(route: "changes", name: "day", path: "/v1/smart-money/changes?minutes=1440"),
    GoldenCase(route: "changes", name: "refused", path: "/v1/smart-money/changes?minutes=1441"),
    GoldenCase(route: "alerts", name: "ok", path: "/v1/smart-money/wallet/\(FixedWorld.bot)/alerts"),
    GoldenCase(route: "alerts", name: "none", path: "/v1/smart-money/wallet/%20NONE%20/alerts"),
    GoldenCase(route: "active-alerts", name: "ok", path: "/v1/smart-money/alerts/active"),
  ]

  static let writes: [GoldenCase] = [
    post("watch", "new", "/v1/smart-money/watch", #"{"address":"0X\#(zeros)A1","label":"test","zzz":1}"#),
    post("watch", "keeps-label", "/v1/smart-money/watch", #"{"address":" \#(FixedWorld.watched) "}"#),
    post("watch", "not-hex", "/v1/smart-money/watch", #"{"address":"abcdefghij"}"#),
    post("watch", "short", "/v1/smart-money/watch", #"{"address":"0x1"}"#),
    post("watch", "blank", "/v1/smart-money/watch", #"{"address":"              "}"#),
    post("watch", "missing", "/v1/smart-money/watch", #"{"label":"x"}"#),
    post("watch", "number", "/v1/smart-money/watch", #"{"address":12345678901,"label":["x"]}"#),
    post("watch", "malformed", "/v1/smart-money/watch", "{bad"),
    post("watch", "closed", "/v1/smart-money/watch", #"{"address":"abcdefghij"}"#) { $0.isOpen = false },
    post("watch", "disk-full", "/v1/smart-money/watch", #"{"address":"abcdefghij"}"#) {
      $0.outcome = .refused(reason: "Database not available: disk is full")
    },
    GoldenCase(
      route: "unwatch", name: "ok", method: "DELETE",
      path: "/v1/smart-money/watch/\(FixedWorld.watched.uppercased())"),
    GoldenCase(route: "unwatch", name: "never", method: "DELETE", path: "/v1/smart-money/watch/nobody"),
    post(
      "patch-watch", "all", "/v1/smart-money/watch/\(FixedWorld.watched)",
      #"{"label":"L","notes":"N","tags":"a,b"}"#, method: "PATCH"),
    post(
      "patch-watch", "nothing", "/v1/smart-money/watch/\(FixedWorld.watched)", #"{"zzz":1,"label":null}"#,
      method: "PATCH"),
    post(
      "patch-watch", "not-tracked", "/v1/smart-money/watch/\(FixedWorld.swinger)", #"{"label":"x"}"#,
      method: "PATCH"),
    post(
      "patch-watch", "gone-meanwhile", "/v1/smart-money/watch/\(FixedWorld.watched)", #"{"label":"x"}"#,
      method: "PATCH"
    ) { $0.outcome = .notTracked },
    post(
      "patch-watch", "list", "/v1/smart-money/watch/\(FixedWorld.watched)", #"{"label":["x"]}"#,
      method: "PATCH"),
    post(
      "add-alert", "ok", "/v1/smart-money/wallet/\(FixedWorld.bot.uppercased())/alerts",
      #"{"alert_type":"size_above","min_size_usd":"5000","coins":"BTC"}"#),
    post("add-alert", "bad-type", "/v1/smart-money/wallet/zz/alerts", #"{"alert_type":"whatever"}"#),
    post("add-alert", "no-type", "/v1/smart-money/wallet/zz/alerts", "{}"),
    post("add-alert", "list", "/v1/smart-money/wallet/zz/alerts", "[]"),
    GoldenCase(route: "remove-alert", name: "ok", method: "DELETE", path: "/v1/smart-money/alert/2"),
    GoldenCase(route: "remove-alert", name: "never", method: "DELETE", path: "/v1/smart-money/alert/-1"),
    GoldenCase(route: "remove-alert", name: "refused", method: "DELETE", path: "/v1/smart-money/alert/abc"),
    post(
      "record", "ok", "/v1/historical/record",
      #"{"funding":{"BTC":1.25e-05,"ETH":null},"oi":{"BTC":1200000000.0},"volume":{"SOL":"5","X":NaN}}"#),
    post("record", "empty", "/v1/historical/record", "{}"),
    post("record", "bad-value", "/v1/historical/record", #"{"funding":{"AAA":1,"BTC":{"x":1}}}"#),
  ]

  private static let zeros = String(repeating: "0", count: 38)

  private static func post(
    _ route: String, _ name: String, _ path: String, _ body: String, method: String = "POST",
    _ store: @escaping @Sendable (TestStore) -> Void = { _ in }
  ) -> GoldenCase {
    GoldenCase(route: route, name: name, method: method, path: path, body: body, store: store)
  }
}
