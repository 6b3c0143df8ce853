import Base
import Market
import Testing

@testable import API

/// A kept answer is given only while it is the answer.
@Suite struct AnswerCacheTests {
  private func body(_ client: TestClient, _ coin: String = "BTC") throws -> String {
    try client.get("/v1/orderflow/\(coin)").text
  }

  /// What a router that has kept nothing answers.
  private func fresh(_ views: Views, _ coin: String = "BTC") throws -> String {
    try body(TestClient(Router(views: views, options: APIOptions())), coin)
  }

  @Test func everyChangeIsSeenAtOnce() throws {
    let views = FixedViews.make()
    let client = TestClient(Router(views: views, options: APIOptions()))
    var seen: Set<String> = []
    func expectNew(_ what: String) throws {
      let text = try body(client)
      #expect(seen.insert(text).inserted, "\(what) went unnoticed")
      #expect(try body(client) == text)
      #expect(try fresh(views) == text)
    }
    try expectNew("the first answer")
    FixedViews.trade(views, coin: "BTC")
    try expectNew("a trade")
    views.now.wall.ms += 1
    try expectNew("our clock")
    views.exchangeNow.ms += 1
    try expectNew("the exchange's clock")
    views.coverage[0].gaps.append(Gap(from: WallTime(ms: views.exchangeNow.ms - 5), to: nil))
    try expectNew("a gap")
    views.coverage[0].gaps[1].to = views.exchangeNow
    try expectNew("the gap's end")
    views.coverage = []
    try expectNew("the coverage")
  }

  @Test func coinsDoNotShareAnswers() throws {
    let views = FixedViews.make { views in
      for index in 0..<40 {
        _ = views.coins.list(
          Coin(name: "C\(index)", dex: "", szDecimals: 2, maxLeverage: 5, isListed: true))
      }
    }
    let client = TestClient(Router(views: views, options: APIOptions()))
    for round in 0..<3 {
      for coin in ["BTC", "kPEPE", "ETH"] + (0..<40).map({ "C\($0)" }) {
        #expect(try body(client, coin) == fresh(views, coin), "\(coin), round \(round)")
      }
    }
  }
}
