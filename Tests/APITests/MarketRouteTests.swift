import Base
import Engines
import Market
import Testing

@testable import API

/// Vaults, coins, books and liquidations: orders, sums, windows, staleness.
@Suite struct MarketRouteTests {
  private func json(_ path: String, _ fill: (Views) -> Void = { _ in }) throws -> JSONTree {
    let answer = try TestClient(views: FixedViews.make(fill)).get(path)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.json)
  }

  @Test func vaultsAreInTheConfiguredOrderThenTheExchanges() throws {
    let answer = try json("/v1/hlp/positions")
    let rows = answer["positions"]?.elements ?? []
    #expect(answer["count"] == .integer("5"))
    #expect(rows.map { $0["coin"]?.string } == ["BTC", "ETH", "SOL", "BTC", "SOL"])
    #expect(
      rows.map { $0["vault_address"]?.string } == [
        FixedWorld.vaults[0], FixedWorld.vaults[0], FixedWorld.vaults[0], FixedWorld.vaults[2],
        FixedWorld.vaults[2],
      ])
    #expect(
      rows[0]
        == (try JSONTree(
          """
          {"vault_address":"\(FixedWorld.vaults[0])","coin":"BTC","side":"short","size":25.74554,\
          "size_usd":2533232.4083,"entry_px":98296.605,"mark_px":98395.0,"leverage":5.0,\
          "unrealized_pnl":-2533.232408}
          """)))
  }

  @Test func sentimentIsTheNetOfAllVaults() throws {
    let answer = try json("/v1/hlp/sentiment?hours=24")
    #expect(answer["hours"] == .number("24.0"))
    let coins = try #require(answer["sentiment"])
    #expect(coins.keys == ["BTC", "DOGE", "ETH", "SOL"])
    // 20 − 25.74554 coins; their dollars, each to the millionth, and once more with its sign.
    #expect(coins["BTC"]?["current_side"] == .text("short"))
    #expect(coins["BTC"]?["flips"] == .integer("0"))
    #expect(coins["BTC"]?["net_delta_usd"] == .number("-565332.4083"))
    #expect(coins["BTC"]?["current_size_usd"] == .number("565332.4083"))
    // −100 + 10, −20 + 10, 300 + 10: one change of sign.
    #expect(coins["SOL"]?["flips"] == .integer("1"))
    #expect(coins["SOL"]?["current_side"] == .text("long"))
    #expect(
      coins["DOGE"]
        == (try JSONTree(
          #"{"coin":"DOGE","current_side":null,"current_size_usd":0.0,"flips":0,"net_delta_usd":0.0}"#)))
    #expect(try json("/v1/hlp/sentiment?hours=1.5")["hours"] == .number("1.5"))
  }

  @Test func coinsSayWhatIsFollowed() throws {
    let answer = try json("/v1/coins")
    let coins = answer["coins"]?.elements ?? []
    #expect(
      coins.map { $0["coin"]?.string } == [
        "BTC", "kPEPE", "xyz:TSLA", "PURR/USDC", "ETH", "SOL", "DOGE", "AAVE", "HYPE",
      ])
    #expect(answer["count"] == .integer("9"))
    // Half of (long + short) over open interest: (139,243,200.22 + 49,170.5) ÷ (2 × 31,234.5 × 98,341).
    #expect(
      coins[0]
        == (try JSONTree(
          """
          {"coin":"BTC","dex":"","mark_px":98341.0,"open_interest":31234.5,"open_interest_usd":3071631964.5,\
          "tracked_positions":4,"tracked_long_usd":139243200.22,"tracked_short_usd":49170.5,\
          "tracked_oi_share":0.0227,"last_trade_age_s":3.0}
          """)))
    #expect(coins[2]["dex"] == .text("xyz"))
    #expect(coins[2]["tracked_oi_share"] == .null)
    #expect(coins[3]["mark_px"] == .null)
    #expect(coins[3]["last_trade_age_s"] == .null)
  }

  @Test func liquidationsAreOfTheWindowAndTheCoin() throws {
    let all = try json("/v1/liquidations")
    #expect(all["coin"] == .null)
    #expect(all["count"] == .integer("3"))
    #expect(all["liquidations"]?.elements.map { $0["coin"]?.string } == ["BTC", "BTC", "SOL"])
    #expect(all["totals"]?["long"] == (try JSONTree(#"{"size_usd":16430.11,"count":2}"#)))
    #expect(all["totals"]?["short"] == (try JSONTree(#"{"size_usd":250.0,"count":1}"#)))
    #expect(all["partial"] == .flag(true))
    #expect(all["liquidations"]?[1]?["address"] == .null)
    // Totals are of the window, whatever the limit.
    let one = try json("/v1/liquidations?coin=btc&hours=48&limit=1")
    #expect(one["coin"] == .text("BTC"))
    #expect(one["count"] == .integer("1"))
    #expect(one["totals"]?["long"]?["size_usd"] == .number("15730.36"))
    #expect(try json("/v1/liquidations?coin=BTC&hours=0.01")["count"] == .integer("1"))
    let none = try json("/v1/liquidations?coin=%22")
    #expect(none["coin"] == .text("\""))
    #expect(none["totals"]?["long"]?["count"] == .integer("0"))
  }

  @Test func aBookIsServedForTenSeconds() throws {
    let views = FixedViews.make()
    let client = TestClient(views: views)
    let book = try #require(client.get("/v1/book/btc").json)
    #expect(book["mid_price"] == .number("98341.5"))
    #expect(book["spread"] == .number("1.0"))
    #expect(book["spread_bps"] == .number("0.102"))
    #expect(book["bid_depth_usd"] == .number("245850.5"))
    #expect(book["ask_depth_usd"] == .number("98342.0"))
    #expect(book["bids"]?.elements.count == 2)
    #expect(book["age_seconds"] == .number("0.3"))
    views.now.instant = views.now.instant + .milliseconds(9_700)
    #expect(try client.get("/v1/book/BTC").status == 200)
    views.now.instant = views.now.instant + .milliseconds(1)
    let stale = try client.get("/v1/book/BTC")
    #expect(stale.status == 503)
    #expect(stale.text == #"{"error":"Order book for BTC not available"}"#)
  }

  @Test func aMidBetweenTwoUnitsIsExact() throws {
    let book = try json("/v1/book/BTC") { views in
      var book = Book()
      book.coin = FixedWorld.coin(views, "BTC")
      book.time = views.now.wall
      book.bids = [.init(px: Px(raw: 1), sz: Sz(raw: 1), orders: 1)]
      book.asks = [.init(px: Px(raw: 4), sz: Sz(raw: .max), orders: 1)]
      views.books.apply(book, now: views.now.instant)
    }
    #expect(book["mid_price"] == .number("2.5e-08"))
    #expect(book["spread"] == .number("3e-08"))
  }

  @Test func disabledComponentsSaySo() throws {
    let views = FixedViews.make { views in
      views.components = Components()
      (views.components.tradeStream, views.components.positionPoller) = (false, false)
      views.components.hlpTracker = false
    }
    let client = TestClient(views: views)
    for (path, what) in [
      ("/v1/heatmap/BTC", "Heatmap"), ("/v1/hlp/positions", "HLP tracker"),
      ("/v1/hlp/sentiment", "HLP tracker"),
      ("/v1/orderflow/BTC", "Order flow"), ("/v1/orderflow", "Order flow"), ("/v1/book/BTC", "Order book"),
    ] {
      let answer = try client.get(path)
      #expect(answer.status == 503)
      #expect(answer.text == "{\"error\":\"\(what) not available\"}")
      #expect(answer.header("content-type") == "application/json")
    }
    // What is remembered is still answered.
    for path in ["/v1/whales/BTC", "/v1/smart-money", "/v1/coins", "/health", "/v1/stats"] {
      #expect(try client.get(path).status == 200)
    }
  }
}
