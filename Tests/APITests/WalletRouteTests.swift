import Base
import Engines
import Market
import Testing

@testable import API

/// One wallet: what is waited for, and for how long; what is answered when it does not come.
@Suite struct WalletRouteTests {
  private struct World {
    let views = FixedViews.make()
    let store: TestStore
    let client: TestClient

    init() {
      store = TestStore(views)
      client = TestClient(Router(views: views, options: APIOptions()), now: views.now.instant)
    }

    func get(_ path: String) throws -> TestClient.Answer { try client.ask("GET", path, [], nil, store) }
    func wallet(_ address: String, _ more: String = "") throws -> JSONTree {
      let answer = try get("/v1/smart-money/wallet/\(address)\(more)")
      #expect(answer.status == 200, "\(answer.text)")
      return try #require(answer.json)
    }
  }

  private let profile = FixedWorld.profile(
    .scalper, winRate: 0.686, trades: 121, factor: 2.72, hours: 0.15, equity: FixedWorld.usd(6233.173139),
    ageMs: 0)

  @Test func aKnownProfileIsAnsweredAtOnce() throws {
    let world = World()
    let wallet = try world.wallet(FixedWorld.bot)
    #expect(world.store.asked == ["profile 30"])
    #expect(
      wallet.keys.prefix(11) == [
        "address", "computed_at", "win_rate", "trade_count", "profit_factor", "avg_hold_hours", "avg_pnl_pct",
        "max_drawdown", "style", "is_bot", "equity",
      ])
    #expect(wallet["equity"] == .number("445165.564273"))
    #expect(wallet["profile_status"] == .text("ready"))
    #expect(wallet["complete_from"] == .number("1795153385.058"))
    #expect(wallet["trades"]?.elements.count == 50)
    // Newest exit first.
    let exits = (wallet["trades"]?.elements ?? []).compactMap { $0["exit_time"]?.double }
    #expect(exits == exits.sorted(by: >))
    // Alerts in force only: number 5 is not.
    let alerts = wallet["alerts"]?.elements ?? []
    #expect(alerts.map { $0["id"] } == ["2", "3", "4", "6"].map(JSONTree.integer))
    #expect(alerts.first?["enabled"] == nil)
  }

  @Test func theDaysAskedForArePassedOn() throws {
    let world = World()
    _ = try world.wallet("%20\(FixedWorld.bot.uppercased())%09", "?days=%2090")
    #expect(world.store.asked == ["profile 90"])
  }

  @Test func aMissingProfileIsWaitedFor() throws {
    let world = World()
    world.store.profiles[FixedWorld.address(FixedWorld.demanded)] = profile
    world.store.trades[FixedWorld.address(FixedWorld.demanded)] = [
      FixedWorld.trade(world.views, 0, exitAgeMs: 5)
    ]
    let wallet = try world.wallet(FixedWorld.demanded)
    #expect(wallet["win_rate"] == .number("0.686"))
    #expect(wallet["trades"]?.elements.count == 1)
    #expect(wallet["profile_status"] == .text("ready"))
    #expect(wallet["positions"]?[0]?["coin"] == .text("HYPE"))
  }

  @Test func afterThreeSecondsWhatThereIsIsAnswered() throws {
    let world = World()
    world.store.profiles[FixedWorld.address(FixedWorld.demanded)] = profile
    world.store.isLate = true
    let before = world.client.now
    let wallet = try world.wallet(FixedWorld.demanded)
    #expect(world.client.now - before == .seconds(3))
    #expect(wallet["profile_status"] == .text("pending"))
    #expect(wallet["win_rate"] == nil)
    #expect(wallet["positions"]?.elements.count == 1)
    #expect(wallet.keys.prefix(2) == ["address", "equity"])
    #expect(wallet["equity"] == .null)
  }

  @Test func whatCannotBeHadIsNotWaitedForAgain() throws {
    let world = World()
    world.views.wantProfile = { _, _ in .pending }
    let text = "GET /v1/smart-money/wallet/\(FixedWorld.demanded) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    world.client.send(text)
    #expect(world.client.session.waitsFor == .profile(FixedWorld.address(FixedWorld.demanded)))
    world.client.wake(.unavailable)
    let answer = try #require(try world.client.take().first?.json)
    #expect(answer["profile_status"] == .text("pending"))
    // Nobody behind the views at all: the same.
    let bare = FixedViews.make()
    let alone = try TestClient(views: bare).get("/v1/smart-money/wallet/\(FixedWorld.demanded)").json
    #expect(alone?["profile_status"] == .text("pending"))
    let known = try TestClient(views: bare).get("/v1/smart-money/wallet/\(FixedWorld.bot)").json
    #expect(known?["profile_status"] == .text("ready"))
  }

  @Test func tradesOnDiskAreLoaded() throws {
    let world = World()
    let address = FixedWorld.address(FixedWorld.swinger)
    world.store.trades[address] = (0..<120).map { FixedWorld.trade(world.views, $0, exitAgeMs: Int64($0)) }
    let wallet = try world.wallet(FixedWorld.swinger)
    #expect(wallet["trades"]?.elements.count == 50)
    #expect(wallet["profile_status"] == .text("ready"))
    let trades = try world.get("/v1/smart-money/wallet/\(FixedWorld.swinger)/trades?limit=110").json
    #expect(trades?["count"] == .integer("110"))
    #expect(trades?["trades"]?.elements.count == 110)
    #expect(trades?["trades"]?[0]?["is_win"] == .integer("1"))
    #expect(trades?["trades"]?[0]?["side"] == .text("short"))
  }

  @Test func tradesThatDoNotComeAreNone() throws {
    let world = World()
    world.store.trades[FixedWorld.address(FixedWorld.swinger)] = [
      FixedWorld.trade(world.views, 0, exitAgeMs: 5)
    ]
    world.store.isLate = true
    let answer = try world.get("/v1/smart-money/wallet/\(FixedWorld.swinger)/trades")
    #expect(answer.status == 200)
    #expect(answer.json?["count"] == .integer("0"))
    #expect(answer.json?["address"] == .text(FixedWorld.swinger))
  }

  @Test func aWatchedWalletSaysSo() throws {
    let world = World()
    let wallet = try world.wallet(FixedWorld.watched)
    #expect(wallet["is_watched"] == .flag(true))
    #expect(wallet["label"] == .text("dyn 0"))
    // Never profiled: the last equity seen.
    #expect(wallet["equity"] == .number("6422.833157"))
    // By coin, and of the last 24 hours only, newest first.
    #expect(wallet["positions"]?.elements.map { $0["coin"] } == ["BTC", "ETH"].map(JSONTree.text))
    #expect(wallet["recent_changes"]?.elements.map { $0["coin"] } == ["BTC", "ETH"].map(JSONTree.text))
    #expect(wallet["recent_changes"]?[1]?["action"] == .text("flip"))
    // Watched no longer: what was noted is not shown.
    let once = try world.wallet(FixedWorld.swinger)
    #expect(once["is_watched"] == .flag(false))
    #expect(once["label"] == .text(""))
  }

  @Test func atMostTwentyChanges() throws {
    let world = World()
    for index in 0..<30 {
      world.views.knowledge.changes.append(
        PositionChange(
          address: FixedWorld.address(FixedWorld.mixed), coin: FixedWorld.coin(world.views, "BTC"),
          action: .entry, isLong: false, sizeUsd: Usd(micros: Int64(index) * 1_000_000), price: Px(raw: 1),
          detectedAt: world.views.now.wall))
    }
    let changes = try world.wallet(FixedWorld.mixed)["recent_changes"]?.elements ?? []
    #expect(changes.count == 20)
    #expect(changes.first?["size_usd"] == .number("29.0"))
  }

  @Test func onlyAddressesAreWallets() throws {
    let world = World()
    for text in [
      "0x", "zz", "0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d5", "0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d555",
      "0x0ef12d2b3a2a286b6464453e78e8d2e6731a4d5g", "0ef12d2b3a2a286b6464453e78e8d2e6731a4d5555", "%20",
    ] {
      let answer = try world.get("/v1/smart-money/wallet/\(text)")
      #expect(answer.status == 404, "\(text)")
      #expect(answer.text == #"{"error":"Address not found in system"}"#)
      #expect(try world.get("/v1/smart-money/wallet/\(text)/trades").status == 200)
    }
    #expect(world.store.asked.isEmpty)
  }

  @Test func answersFollowWhatIsKnown() throws {
    let world = World()
    let first = try world.wallet(FixedWorld.mixed)
    #expect(first["is_watched"] == .flag(false))
    world.views.knowledge.watchList.put(
      .init(key: FixedWorld.mixed, label: "new", addedAt: FixedWorld.ago(0)))
    #expect(try world.wallet(FixedWorld.mixed)["label"] == .text("new"))
    world.views.knowledge.alerts.put(
      Alert(
        id: 77, key: FixedWorld.mixed, type: "any_trade", minSizeUsd: 1, coins: "",
        createdAt: FixedWorld.ago(0)))
    #expect(try world.wallet(FixedWorld.mixed)["alerts"]?[0]?["id"] == .integer("77"))
    world.views.knowledge.recentTrades.set(
      [FixedWorld.trade(world.views, 0, exitAgeMs: 1)], of: FixedWorld.address(FixedWorld.mixed))
    #expect(try world.wallet(FixedWorld.mixed)["trades"]?.elements.count == 1)
  }
}
