import Base
import Engines
import Market
import Testing

@testable import API

/// The numbers of order-flow answers: labels, rounding, shares, coverage.
@Suite struct OrderFlowAnswerTests {
  private func label(_ seconds: Int) -> String {
    let out = ByteBuffer(capacity: 64)
    OrderFlowAnswer.label(seconds, out)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func labelsAreThoseOfTheContract() {
    #expect([60, 300, 900, 3600, 14_400, 86_400].map(label) == ["1m", "5m", "15m", "1h", "4h", "24h"])
    // Finer units where the contract's two would give two windows one label.
    #expect([30, 90, 5400].map(label) == ["30s", "90s", "90m"])
  }

  private func share(_ buy: Int64, _ sell: Int64) -> Int64 {
    OrderFlowAnswer.buyTenthPercents(
      FlowWindow(buy: Usd(micros: buy), sell: Usd(micros: sell), buyCount: 0, sellCount: 0))
  }

  @Test func sharesAreExact() {
    #expect(share(0, 0) == 0)
    #expect(share(1, 0) == 1000)
    #expect(share(0, 1) == 0)
    #expect(share(1, 2) == 333)
    #expect(share(2, 1) == 667)
    // Ties go to the even tenth: 0.05 % and 0.15 %.
    #expect(share(1, 1999) == 0)
    #expect(share(3, 1997) == 2)
    #expect(share(.max, .max) == 500)
    #expect(share(.max, 0) == 1000)
    #expect(share(1, .max) == 0)
  }

  @Test func sharesOfBothSidesAddUp() {
    var random = PRNG(seed: 7)
    for _ in 0..<20_000 {
      let (buy, sell) = (Int64(random.next() >> 12), Int64(random.next() >> 12))
      let (one, other) = (share(buy, sell), share(sell, buy))
      #expect(abs(one + other - 1000) <= 1)
      let exact = Double(buy) / (Double(buy) + Double(sell)) * 1000
      #expect(abs(Double(one) - exact) <= 0.500001)
    }
  }

  @Test func coverageIsTheWindowLessItsGaps() {
    let views = FixedViews.make()
    let now = FixedViews.exchangeNow.ms
    let coin = CoinID(raw: 0)
    func covered(_ coverage: Coverage, _ seconds: Int) -> Int64 {
      views.coverage = [coverage]
      return OrderFlowAnswer.coveredMs(coin, views, seconds)
    }
    func gap(_ from: Int64, _ to: Int64?) -> Gap {
      Gap(from: WallTime(ms: now - from), to: to.map { WallTime(ms: now - $0) })
    }
    let since = WallTime(ms: now - 100_000)
    #expect(covered(Coverage(), 60) == 0)
    #expect(covered(Coverage(since: since), 60) == 60_000)
    #expect(covered(Coverage(since: since), 300) == 100_000)
    #expect(covered(Coverage(since: WallTime(ms: now + 5)), 300) == 0)
    #expect(covered(Coverage(since: since, gaps: [gap(70_000, 65_000)]), 60) == 60_000)
    #expect(covered(Coverage(since: since, gaps: [gap(70_000, 50_000)]), 60) == 50_000)
    #expect(covered(Coverage(since: since, gaps: [gap(50_000, 40_000), gap(10_000, nil)]), 60) == 40_000)
    #expect(covered(Coverage(since: since, gaps: [gap(200_000, nil)]), 60) == 0)
    views.coverage = []
    #expect(OrderFlowAnswer.coveredMs(coin, views, 60) == 0)
  }
}
