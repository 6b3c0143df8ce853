import Base
import Engines
import Market
import Testing

/// One map at a time: edges, filters, what is printed.
@Suite("Heatmap")
struct HeatmapTests {
  static let now = WallTime(ms: 1_795_353_377_670)
  static let coin = CoinID(raw: 0)

  /// Positions of accounts of their own: liquidation price, notional in USD (negative for shorts), age in ms.
  static func map(
    mid: Int64, _ rows: [(liqPx: Int64, usd: Int64, ageMs: Int64)], bots: Set<Int> = [], buckets: Int = 50,
    range: Double = 15, openInterest: Double? = nil
  ) -> CoinHeatmap? {
    let book = AddressBook(addressesMax: 1000, seed: 1)
    let positions = Positions(book: book)
    for (index, row) in rows.enumerated() {
      let id = book.see(Address(a: UInt64(index), b: 0, c: 0), at: now)!.id
      positions.setBot(id, bots.contains(index))
      positions.replace(
        id,
        with: [
          TrackedPosition(
            account: id, coin: coin, szi: Sz(raw: row.usd < 0 ? -1 : 1), entryPx: Px(raw: 1),
            sizeUsd: Usd(micros: abs(row.usd) * 1_000_000), liqPx: row.liqPx > 0 ? Px(raw: row.liqPx) : nil,
            unrealizedPnl: .zero, marginUsed: .zero, leverage: 1, updatedAt: WallTime(ms: now.ms - row.ageMs))
        ])
    }
    let input = HeatmapInput(mid: Px(raw: mid), openInterestUsd: openInterest)
    let job = HeatmapJob(
      snapshot: positions.snapshot(), inputs: [input], bucketCount: buckets, rangePct: range, now: now)
    return job.run()[coin]
  }

  static func cents(_ map: CoinHeatmap, _ price: Px) -> Int64 {
    #expect(map.pricePlaces == 2)
    return map.shown(price).raw / 1_000_000
  }

  @Test("edges and middles are those of the recorded answers")
  func recordedEdges() {
    let btc = CoinHeatmap.empty(
      coin: Self.coin, mid: Px(raw: 9_834_100_000_000), bucketCount: 50, rangePct: 15)
    let edges: [Int64] = [8_358_985, 8_417_990, 8_476_994, 8_535_999, 8_595_003, 8_654_008, 8_713_013]
    for (index, edge) in edges.enumerated() { #expect(Self.cents(btc, btc.edges[index]) == edge) }
    // Halves of a cent go down.
    let middles: [Int64] = [8_388_487, 8_447_492, 8_506_496, 8_565_501, 8_624_506, 8_683_510]
    for (index, middle) in middles.enumerated() { #expect(Self.cents(btc, btc.middle(index)) == middle) }
    for (bucket, middle) in [(7, 8_801_519), (12, 9_096_542), (42, 10_866_680), (47, 11_161_703)] {
      #expect(Self.cents(btc, btc.middle(bucket)) == Int64(middle))
    }
    #expect(Self.cents(btc, btc.edges[50]) == 11_309_215)
    #expect(btc.buckets.count == 50)
    let eth = CoinHeatmap.empty(coin: Self.coin, mid: Px(raw: 266_980_000_000), bucketCount: 50, rangePct: 15)
    for (index, edge) in [226_933, 228_535, 230_137, 231_739, 233_341, 234_942].enumerated() {
      #expect(Self.cents(eth, eth.edges[index]) == Int64(edge))
    }
  }

  @Test("edges lie behind each other, symmetric, as far as asked, for coins of any price")
  func edgesTile() {
    var random = PRNG(seed: 3)
    for round in 0..<400 {
      let mid = PositionsWorld.mid(&random)
      let range = [15, 0.5, 99.999, 100][random.below(4)]
      let count = [50, 1, 3, 1000][random.below(4)]
      let map = CoinHeatmap.empty(coin: Self.coin, mid: mid, bucketCount: count, rangePct: range)
      #expect(map.edges.count == count + 1)
      let width = 2 * mid.double * range / 100 / Double(count)
      for index in 0..<count {
        #expect(map.edges[index] <= map.edges[index + 1])
        let exact = mid.double * (1 - range / 100) + Double(index) * width
        #expect(abs(map.edges[index].double - exact) <= 0.51e-8 + exact * 1e-14, "round \(round)")
        #expect(abs(map.edges[index].raw + map.edges[count - index].raw - 2 * mid.raw) <= 1)
      }
    }
  }

  @Test("printed edges and middles stay distinct")
  func printedDistinct() {
    for raw in [3, 117, 15_000, 1_234_567, 99_999_999, 100_000_001, 4_200_000_000, 9_999_999_999] as [Int64] {
      let map = CoinHeatmap.empty(coin: Self.coin, mid: Px(raw: raw), bucketCount: 50, rangePct: 15)
      var last = Px(raw: -1)
      for index in 0..<50 where map.edges[50].raw - map.edges[0].raw > 200 {
        let (low, middle) = (map.shown(map.edges[index]), map.shown(map.middle(index)))
        #expect(last < low && low < middle, "mid \(raw) bucket \(index)")
        last = middle
      }
    }
    let cheap = CoinHeatmap.empty(coin: Self.coin, mid: Px(raw: 1_234), bucketCount: 50, rangePct: 15)
    #expect(cheap.pricePlaces == 8)
    let fine = CoinHeatmap.empty(
      coin: Self.coin, mid: Px(raw: 20_000_000_000), bucketCount: 1000, rangePct: 0.1)
    #expect(fine.pricePlaces > 2)
  }

  @Test("a price on an edge belongs to the bucket above, the highest edge to the last bucket")
  func onEdges() throws {
    // 100 ± 10 in 4 buckets of 5.
    let dollars: [Int64] = [90, 95, 100, 105, 110]
    let rows = dollars.map { (liqPx: $0 * 100_000_000, usd: 1000 as Int64, ageMs: 0 as Int64) }
    let map = try #require(Self.map(mid: 10_000_000_000, rows, buckets: 4, range: 10))
    #expect(map.buckets.map(\.longCount) == [1, 1, 1, 2])
    let outside = [(90, -1), (110, 1)].map { (liqPx: $0.0 * 100_000_000 + $0.1, usd: -2000, ageMs: 0) }
    let none = try #require(
      Self.map(
        mid: 10_000_000_000, outside.map { (Int64($0.liqPx), Int64($0.usd), 0) }, buckets: 4, range: 10))
    #expect(none.buckets.allSatisfy { $0.shortCount == 0 })
    #expect(none.totalPositions == 2)
    #expect(none.totalShort == .zero)
  }

  @Test("the filters: size, a liquidation price, freshness, bots")
  func filters() throws {
    let at: Int64 = 10_000_000_000
    let map = try #require(
      Self.map(
        mid: at,
        [
          (at, 1000, 0), (at, 999, 0), (0, 5000, 0), (at, -2000, 1_200_000), (at, 3000, 1_200_001),
          (at, 4000, 5_000),
          (at * 2, 7000, 61_999), (at, 8000, -5_000), (at, 50, 2_000_000),
        ], bots: [5], openInterest: 100_000))
    #expect(map.totalPositions == 4)
    #expect(map.totalLong == Usd(micros: 9_000_000_000))
    #expect(map.totalShort == Usd(micros: 2_000_000_000))
    #expect(map.coverage.positions == 4)
    #expect(map.coverage.botsExcluded == 1)
    #expect(map.coverage.oldestAgeS == 1200)
    #expect(map.coverage.medianAgeS == 0)
    #expect(map.coverage.longOiShare == 0.25999)
    #expect(map.coverage.shortOiShare == 0.02)
  }

  @Test("the median of the ages is the lower one, in whole seconds")
  func medians() throws {
    let at: Int64 = 10_000_000_000
    let four = try #require(Self.map(mid: at, [9_999, 1_000, 100_000, 20_000].map { (at, 1000, $0) }))
    #expect(four.coverage.medianAgeS == 9)
    #expect(four.coverage.oldestAgeS == 100)
    let one = try #require(Self.map(mid: at, [(at, 1000, 1_199_999)]))
    #expect(one.coverage.medianAgeS == 1199)
    #expect(one.coverage.longOiShare == nil)
    let none = try #require(Self.map(mid: at, [(at, 1, 0)], openInterest: 0))
    #expect(none.coverage == HeatmapCoverage())
  }

  @Test("absurd prices, ranges and bucket counts are bounded")
  func absurd() throws {
    for mid in [1, 2, .max, .max / 2] as [Int64] {
      for range in [-.infinity, -1, 0, 1e-9, 100, 1e300, .nan] {
        for buckets in [-5, 0, 1, 5000] {
          let rows = [mid, 1, .max, mid / 2 + 1].map {
            (liqPx: $0, usd: 9_000_000 as Int64, ageMs: 0 as Int64)
          }
          let map = try #require(Self.map(mid: mid, rows, buckets: buckets, range: range))
          #expect(map.buckets.count == max(1, min(buckets, CoinHeatmap.bucketsMax)))
          #expect(map.totalPositions == 4)
          #expect(map.buckets.reduce(0) { $0 + $1.longCount } <= 4)
          // The highest price of all bounds no bucket.
          #expect(map.buckets.reduce(0) { $0 + $1.longCount } >= (mid == .max ? 0 : 1))
          _ = (map.pricePlaces, map.shown(map.edges[0]), map.middle(0))
        }
      }
    }
  }

  @Test("no map without a price or without positions")
  func noMap() {
    #expect(Self.map(mid: 0, [(5, 5000, 0)]) == nil)
    #expect(Self.map(mid: 5, []) == nil)
    #expect(HeatmapResult(computedAt: Self.now, coins: [])[CoinID(raw: 7)] == nil)
  }
}
