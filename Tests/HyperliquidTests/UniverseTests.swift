import Base
import Hyperliquid
import Market
import Testing

private func at(_ seconds: Int) -> Instant { Instant(ns: UInt64(seconds) * 1_000_000_000) }

private func rows(_ names: [String], delisted: Set<String> = []) -> [Listing] {
  names.map {
    Listing(name: $0, szDecimals: 3, maxLeverage: 20, isDelisted: delisted.contains($0))
  }
}

@Suite("Universe")
struct UniverseTests {
  /// A universe that knows BTC, ETH, xyz:SILVER at second 1.
  private func known() -> (Universe, Coins) {
    var coins = Coins()
    var universe = Universe(seed: 1)
    #expect(universe.nextDue(now: at(1)) == .perpDexs)
    #expect(universe.nextDue(now: at(1)) == .meta(dex: 0))
    #expect(universe.nextDue(now: at(1)) == nil)
    #expect(universe.nextDeadline == .never, "the most questions are in flight")
    #expect(universe.perpDexs(["", "xyz"], coins: &coins, now: at(1)).isEmpty)
    let change = universe.meta(0, rows(["BTC", "ETH"]), coins: &coins, now: at(1))
    #expect(change.listed.map(\.raw) == [0, 1])
    #expect(universe.nextDue(now: at(1)) == .meta(dex: 1))
    #expect(universe.meta(1, rows(["xyz:SILVER"]), coins: &coins, now: at(1)).listed.map(\.raw) == [2])
    #expect(universe.isComplete)
    return (universe, coins)
  }

  @Test func learnsEverythingAtOnceThenRefreshes() {
    let (start, coins) = known()
    var universe = start
    #expect(coins.count == 3 && coins[CoinID(raw: 2)].dex == "xyz")
    #expect(universe.nextDeadline == at(61))
    #expect(universe.nextDue(now: at(60)) == nil)
    #expect(universe.nextDue(now: at(61)) == .meta(dex: 0))
    #expect(universe.nextDeadline == at(301))
    universe.failed(.meta(dex: 0), now: at(62))
    #expect(universe.nextDeadline > at(63) && universe.nextDeadline <= at(66))
  }

  @Test func listingsAndDelistingsAreReportedOnce() {
    var (universe, coins) = known()
    let change = universe.meta(0, rows(["BTC", "ETH", "NEW"], delisted: ["ETH"]), coins: &coins, now: at(61))
    #expect(change.listed.map(\.raw) == [3] && change.delisted.map(\.raw) == [1])
    #expect(!coins[CoinID(raw: 1)].isListed)
    let again = universe.meta(0, rows(["BTC", "ETH", "NEW"], delisted: ["ETH"]), coins: &coins, now: at(121))
    #expect(again.isEmpty)
    let back = universe.meta(0, rows(["BTC", "ETH", "NEW"]), coins: &coins, now: at(181))
    #expect(back.listed.map(\.raw) == [1] && back.delisted.isEmpty)
    #expect(universe.dexes[0].coins.map { $0?.raw } == [0, 1, 3])
  }

  @Test func aShorterListIsNotBelievedAtOnce() {
    var (universe, coins) = known()
    #expect(universe.meta(0, [], coins: &coins, now: at(61)).isEmpty)
    #expect(universe.meta(0, rows(["BTC"]), coins: &coins, now: at(91)).isEmpty)
    #expect(universe.doubted == 2 && coins[CoinID(raw: 1)].isListed)
    let change = universe.meta(0, rows(["BTC"]), coins: &coins, now: at(121))
    #expect(change.delisted.map(\.raw) == [1])
  }

  @Test func aDexThatIsGoneTakesItsCoinsAlongAfterThreeReplies() {
    var (universe, coins) = known()
    #expect(universe.perpDexs([""], coins: &coins, now: at(601)).isEmpty)
    #expect(universe.perpDexs(["", "xyz"], coins: &coins, now: at(631)).isEmpty)
    #expect(universe.perpDexs([""], coins: &coins, now: at(661)).isEmpty)
    #expect(universe.perpDexs([""], coins: &coins, now: at(691)).isEmpty)
    #expect(universe.perpDexs([""], coins: &coins, now: at(721)).delisted.map(\.raw) == [2])
    #expect(universe.perpDexs(["", "xyz"], coins: &coins, now: at(751)).isEmpty)
    #expect(universe.meta(1, rows(["xyz:SILVER"]), coins: &coins, now: at(752)).listed.map(\.raw) == [2])
  }

  @Test func driftAsksAtOnceButNotAgainAndAgain() {
    var (universe, coins) = known()
    universe.drifted(1, count: 1, now: at(10))
    #expect(universe.nextDue(now: at(10)) == nil, "the count is right")
    universe.drifted(1, count: 2, now: at(10))
    universe.drifted(99, count: 2, now: at(10))
    #expect(universe.nextDue(now: at(10)) == .meta(dex: 1))
    _ = universe.meta(1, rows(["xyz:SILVER"]), coins: &coins, now: at(11))
    universe.drifted(1, count: 2, now: at(12))
    #expect(universe.nextDue(now: at(12)) == nil)
    universe.drifted(1, count: 2, now: at(41))
    #expect(universe.nextDue(now: at(41)) == .meta(dex: 1))
    universe.strangeDex(now: at(42))
    #expect(universe.nextDue(now: at(42)) == .perpDexs)
  }

  @Test func foreignNamesAndFullRegistersAreRefused() {
    var (universe, coins) = known()
    let change = universe.meta(1, rows(["xyz:SILVER", "BTC", "xyz:GOLD"]), coins: &coins, now: at(61))
    #expect(change.listed.map { coins[$0].name } == ["xyz:GOLD"])
    #expect(universe.refused == 1 && coins[CoinID(raw: 0)].dex.isEmpty)
    #expect(universe.dexes[1].coins[1] == nil, "the position is kept")
    let many = universe.perpDexs((0..<400).map { "d\($0)" } + ["xyz"], coins: &coins, now: at(62))
    #expect(many.isEmpty && universe.dexes.count == Universe.dexesMax)
  }

  @Test(arguments: [0, 8, 40, 200])
  func refreshingStaysWithinItsWeight(builders: Int) {
    var coins = Coins()
    var universe = Universe(seed: 3)
    let names = (0..<builders).map { "d\($0)" }
    var asked: [Int] = []
    for second in stride(from: 1, to: 100_000, by: 10) {
      while let request = universe.nextDue(now: at(second)) {
        asked.append(second)
        switch request {
        case .perpDexs: _ = universe.perpDexs([""] + names, coins: &coins, now: at(second))
        case .meta(let dex):
          let prefix = dex == 0 ? "" : "\(universe.dexes[dex].name):"
          _ = universe.meta(dex, rows(["\(prefix)A"]), coins: &coins, now: at(second))
        }
      }
    }
    let perMinute = Double(asked.count { $0 > 10_000 } * Venue.weightStandard) / 1500
    #expect(perMinute <= Double(Universe.weightPerMinMax) * 1.02, "\(perMinute)")
    #expect(perMinute > 15)
    #expect(coins.count == builders + 1 && universe.isComplete)
  }
}
