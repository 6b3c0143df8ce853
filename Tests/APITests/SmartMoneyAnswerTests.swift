import Base
import Engines
import Market
import Testing

@testable import API

/// Rankings: order, filters alone and together, the cut behind them.
@Suite struct SmartMoneyAnswerTests {
  private let client = TestClient()

  /// The addresses answered, with `count` checked.
  private func rows(_ query: String) throws -> [String] {
    let answer = try client.get("/v1/smart-money" + query)
    #expect(answer.status == 200, "\(query): \(answer.text)")
    let rows = (answer.json?["rankings"]?.elements ?? []).compactMap { $0["address"]?.string }
    #expect(answer.json?["count"] == .integer("\(rows.count)"), "\(query)")
    #expect(answer.json?["window_hours"] == .integer("24"))
    #expect(answer.json?["as_of"] == .number("1795353384.2"))
    return rows
  }

  @Test(
    arguments: [
      ("", "none bot swing scalp mixed"), ("?top_n=2", "none bot"),
      ("?top_n=200", "none bot swing scalp mixed"),
      ("?min_win_rate=0.5", "scalp mixed"), ("?min_win_rate=0.5455", "scalp mixed"),
      ("?min_win_rate=0.5456", "scalp"), ("?min_win_rate=1", ""),
      ("?min_win_rate=-0", "none bot swing scalp mixed"),
      ("?style=scalper", "scalp"), ("?style=scalper,%20swing,,", "swing scalp"),
      ("?style=BOT", "bot"), ("?style=,%20,", "none bot swing scalp mixed"), ("?style=whatever", ""),
      ("?style=whatever,mixed", "mixed"),
      ("?exclude_bots=true", "none swing scalp mixed"), ("?exclude_bots=0", "none bot swing scalp mixed"),
      ("?min_trades=11", "bot scalp mixed"), ("?min_trades=12", "bot scalp"), ("?min_trades=500", ""),
      ("?min_equity=448589.81", "none bot mixed"), ("?min_equity=448589.82", "none mixed"),
      ("?min_equity=1e9", ""), ("?max_hold_hours=2", "bot scalp mixed"), ("?max_hold_hours=0.2", "bot scalp"),
      ("?max_hold_hours=999", "bot swing scalp mixed"), ("?max_hold_hours=0", "none bot swing scalp mixed"),
      // Filters first, then the cut.
      ("?min_trades=11&top_n=2", "bot scalp"), ("?exclude_bots=on&min_trades=5&top_n=2", "swing scalp"),
      (
        "?top_n=10&min_win_rate=0.5&exclude_bots=true&min_trades=5&style=scalper,swing,mixed",
        "scalp mixed"
      ),
      ("?min_win_rate=0.4&exclude_bots=1&max_hold_hours=5&min_equity=56000&style=mixed,swing", "mixed"),
    ] as [(String, String)])
  func filtersApplyBeforeTheCut(query: String, expected: String) throws {
    let names = [
      "none": FixedWorld.unprofiled, "bot": FixedWorld.bot, "swing": FixedWorld.swinger,
      "scalp": FixedWorld.scalper, "mixed": FixedWorld.mixed,
    ]
    #expect(try rows(query) == expected.split(separator: " ").compactMap { names[String($0)] }, "\(query)")
  }

  @Test func aRowSaysWhatIsKnown() throws {
    let row = try #require(client.get("/v1/smart-money?style=swing").json?["rankings"]?[0])
    #expect(
      row
        == (try JSONTree(
          """
          {"address":"\(FixedWorld.swinger)","equity":132622.73,"pnl_24h":767.96,"pnl_pct_24h":0.58,\
          "positions":[{"address":"\(FixedWorld.swinger)","coin":"BTC","side":"long","size_usd":49170.5,\
          "unrealized_pnl":1170.5},{"address":"\(FixedWorld.swinger)","coin":"kPEPE","side":"long",\
          "size_usd":19531.25,"unrealized_pnl":-468.75}],"win_rate":0.4286,"style":"swing","is_bot":0,\
          "trade_count":7,"profit_factor":1.3,"avg_hold_hours":9.5}
          """)))
  }

  @Test func onlyTwoSnapshotsMakeARank() throws {
    // The watched wallet has one.
    #expect(try !rows("").contains(FixedWorld.watched))
  }

  @Test func nothingRankedIsAnEmptyList() throws {
    let views = Views(
      orderFlow: OrderFlow(recentMax: 64, coinsMax: 16),
      now: Now(instant: Instant(ns: 1_000_000_000), wall: FixedWorld.wall))
    let answer = try TestClient(views: views).get("/v1/smart-money")
    #expect(answer.text == #"{"rankings":[],"count":0,"window_hours":24,"as_of":1795353385.058}"#)
  }

  @Test func theWatchListIsNewestFirst() throws {
    let wallets = try #require(client.get("/v1/smart-money/watchlist").json?["wallets"]).elements
    #expect(
      wallets.map { $0["label"] }
        == ["\u{20BF} \u{1F40B}", "auto | 57% WR | scalper", "dyn 0"].map(JSONTree.text))
    #expect(wallets.map { $0["positions_count"] } == ["0", "0", "2"].map(JSONTree.integer))
    #expect(wallets[1]["notes"] == .text("say \"hi\""))
    #expect(wallets[1]["equity"] == .number("55600.0"))
    #expect(wallets[0]["is_bot"] == .null)
  }

  @Test func changesAreNewestFirstInTheirWindow() throws {
    func coins(_ minutes: String) throws -> [String] {
      let answer = try client.get("/v1/smart-money/changes\(minutes)").json
      let rows = answer?["changes"]?.elements ?? []
      #expect(answer?["count"] == .integer("\(rows.count)"))
      return rows.compactMap { $0["coin"]?.string }
    }
    #expect(try coins("") == ["BTC", "SOL", "ETH"])
    #expect(try coins("?minutes=1") == ["BTC"])
    #expect(try coins("?minutes=29") == ["BTC", "SOL", "ETH"])
    #expect(try coins("?minutes=28") == ["BTC", "SOL"])
    #expect(try coins("?minutes=1440") == ["BTC", "SOL", "ETH", "BTC"])
    let rows = try client.get("/v1/smart-money/changes?minutes=1440").json?["changes"]?.elements ?? []
    #expect(rows[0]["label"] == .text("dyn 0"))
    #expect(rows[0]["win_rate"] == .null)
    #expect(rows[1]["win_rate"] == .number("0.5714"))
    // Unwatched since: no label any more.
    #expect(rows[3]["label"] == .null)
    #expect(rows[3]["is_bot"] == .integer("0"))
  }

  @Test func atMostAHundredChangesAreAnswered() throws {
    let views = FixedViews.make { views in
      for index in 0..<150 {
        views.knowledge.changes.append(
          PositionChange(
            address: FixedWorld.address(FixedWorld.mixed), coin: FixedWorld.coin(views, "BTC"),
            action: .entry,
            isLong: true, sizeUsd: Usd(micros: Int64(index)), price: Px(raw: 1), detectedAt: views.now.wall))
      }
    }
    let answer = try TestClient(views: views).get("/v1/smart-money/changes").json
    #expect(answer?["count"] == .integer("100"))
    #expect(answer?["changes"]?[0]?["size_usd"] == .number("0.000149"))
  }
}
