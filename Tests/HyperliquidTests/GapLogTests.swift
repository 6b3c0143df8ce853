import Base
import Hyperliquid
import Market
import Testing

private func at(_ seconds: Int) -> Instant { Instant(ns: UInt64(seconds) * 1_000_000_000) }

@Suite("Gap log")
struct GapLogTests {
  let coin = CoinID(raw: 3)

  @Test func aCoinIsOneGapUntilItIsFollowed() {
    let log = GapLog()
    #expect(log.isOpen(coin) && log.count(coin) == 1)
    #expect(log[coin, 0] == Gap(from: .zero, to: .never, reason: .starting))
    #expect(log.covered(coin, from: at(0), to: at(100)) == .zero)
    log.close(coin, at: at(40))
    #expect(!log.isOpen(coin))
    #expect(log.covered(coin, from: at(0), to: at(100)) == .seconds(60))
    #expect(log.covered(coin, from: at(50), to: at(100)) == .seconds(50))
    #expect(log.covered(coin, from: at(100), to: at(50)) == .zero)
  }

  @Test func openGapsCountAndReopenedOnesJoin() {
    let log = GapLog()
    log.close(coin, at: at(10))
    log.open(coin, from: at(20), reason: .connection)
    log.open(coin, from: at(18), reason: .silence)
    #expect(log[coin, 1] == Gap(from: at(18), to: .never, reason: .connection))
    #expect(log.covered(coin, from: at(10), to: at(60)) == .seconds(8))
    log.close(coin, at: at(30))
    log.open(coin, from: at(25), reason: .silentCoin)
    log.close(coin, at: at(35))
    #expect(log.count(coin) == 2, "a gap that begins inside the former continues it")
    #expect(log[coin, 1] == Gap(from: at(18), to: at(35), reason: .connection))
    log.close(coin, at: at(36))
    #expect(log.covered(coin, from: at(0), to: at(100)) == .seconds(73))
  }

  @Test(arguments: 0..<20)
  func coverageIsNeverOverstated(seed: UInt64) {
    var random = PRNG(seed: seed)
    let log = GapLog()
    var followed = [Bool](repeating: false, count: 4000)
    var now = 1 + random.below(50)
    log.close(coin, at: at(now))
    while now < 3900 {
      let end = min(now + 1 + random.below(120), 3999)
      for second in now..<end { followed[second] = true }
      log.open(coin, from: at(end), reason: .connection)
      now = min(end + 1 + random.below(20), 3999)
      log.close(coin, at: at(now))
      #expect(log.count(coin) <= GapLog.gapsPerCoinMax)
    }
    for window in [60, 300, 900, 3600] {
      let truth = followed[(now - window)..<now].count(where: { $0 })
      let stated = log.covered(coin, from: at(now - window), to: at(now))
      #expect(stated <= .seconds(truth))
      if window <= 300 { #expect(stated == .seconds(truth)) }
    }
    for index in 1..<log.count(coin) { #expect(log[coin, index - 1].to < log[coin, index].from) }
  }
}
