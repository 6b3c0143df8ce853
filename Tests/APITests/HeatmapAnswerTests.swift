import Base
import Engines
import Market
import Testing

@testable import API

/// The numbers of heatmap answers: edges, sums, ages, coins without a map.
@Suite struct HeatmapAnswerTests {
  private func json(_ path: String, _ fill: (Views) -> Void = { _ in }) throws -> JSONTree {
    let answer = try TestClient(views: FixedViews.make(fill)).get(path)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.json)
  }

  @Test func bucketsTileTheRange() throws {
    for (coin, low, high) in [
      ("BTC", 83_589.85, 113_092.15), ("ETH", 2269.33, 3070.27), ("SOL", 149.66, 202.48),
      ("kPEPE", 0.006641, 0.008984), ("xyz:TSLA", 366.77, 496.22),
    ] {
      let buckets = try #require(try json("/v1/heatmap/\(coin)")["buckets"]).elements
      #expect(buckets.count == 50)
      #expect(buckets.first?["price_low"]?.double == low, "\(coin)")
      #expect(buckets.last?["price_high"]?.double == high, "\(coin)")
      for (bucket, next) in zip(buckets, buckets.dropFirst()) {
        #expect(bucket["price_high"] == next["price_low"], "\(coin)")
      }
      for bucket in buckets {
        let (low, mid) = (bucket["price_low"]?.double ?? 0, bucket["price_mid"]?.double ?? 0)
        #expect(low < mid && mid < bucket["price_high"]?.double ?? 0, "\(coin)")
      }
    }
  }

  @Test func edgesOfCheapCoinsStayDistinct() throws {
    for price in [99.99, 1, 0.1, 0.01, 0.000_12, 0.000_004_5, 0.000_000_9] {
      let buckets = try json("/v1/heatmap/DOGE") { views in
        views.knowledge.markets.setMid(
          FixedWorld.coin(views, "DOGE"), FixedWorld.px(price), from: .stream, at: views.now.instant)
      }["buckets"]?.elements
      var edges = (buckets ?? []).map { $0["price_low"]?.double ?? -1 }
      edges.append(buckets?.last?["price_high"]?.double ?? -1)
      #expect(edges.count == 51)
      // Below a hundred-millionth of a dollar there is no price to tell apart.
      let distinct = Set(edges).count
      #expect(distinct == 51 || price * 0.3 / 50 < 1e-8, "\(price): \(distinct)")
      #expect(edges == edges.sorted())
    }
  }

  @Test func everyPositionIsInItsBucketAndInTheSums() throws {
    let map = try json("/v1/heatmap/BTC")
    // Longs: the whale at 91,755.42 and the swinger at 90,000; a short at 101,000. The watched wallet's has no
    // liquidation price.
    var (long, short, longs, shorts) = (0.0, 0.0, 0.0, 0.0)
    for bucket in map["buckets"]?.elements ?? [] {
      let range = (bucket["price_low"]?.double ?? 0)..<(bucket["price_high"]?.double ?? 0)
      let inside = [91_755.42, 90_000].filter(range.contains).count
      #expect(bucket["long_count"]?.double == Double(inside))
      #expect(bucket["short_count"]?.double == (range.contains(101_000) ? 1 : 0))
      long += bucket["long_liq_usd"]?.double ?? 0
      short += bucket["short_liq_usd"]?.double ?? 0
      longs += bucket["long_count"]?.double ?? 0
      shorts += bucket["short_count"]?.double ?? 0
    }
    #expect((longs, shorts) == (2, 1))
    // 1416.93175 × 98,234 + 0.5 × 98,341, each to the cent.
    #expect(abs(long - 139_240_044.03) < 0.02)
    #expect(short == 49_170.5)
    let summary = map["summary"]
    #expect(summary?["total_long_liq_usd"] == .number("139240044.03"))
    #expect(summary?["total_short_liq_usd"] == .number("49170.5"))
    #expect(summary?["total_positions"] == .integer("3"))
    #expect(summary?["computed_at"] == .number("1795353377.671"))
    #expect(map["data_age_seconds"] == .number("7.4"))
    #expect(map["range_pct"] == .integer("15"))
    #expect(map["coverage"]?["positions"] == .integer("3"))
    #expect(map["coverage"]?["bots_excluded"] == .integer("0"))
  }

  @Test func aListedCoinWithoutPositionsHasEmptyBuckets() throws {
    let map = try json("/v1/heatmap/XYZ:TSLA")
    #expect(map["coin"] == .text("xyz:TSLA"))
    #expect(map["mid_price"] == .number("431.5"))
    #expect(map["buckets"]?.elements.count == 50)
    for bucket in map["buckets"]?.elements ?? [] {
      #expect(bucket["long_liq_usd"] == .number("0.0"))
      #expect(bucket["short_count"] == .integer("0"))
    }
    #expect(map["summary"]?["total_positions"] == .integer("0"))
    #expect(map["coverage"]?["long_oi_share"] == .null)
    // Without any price the numbers are still numbers.
    #expect(try json("/v1/heatmap/purr%2fusdc")["mid_price"] == .number("0.0"))
  }

  @Test func theConfiguredShapeIsUsedBeforeTheFirstMap() throws {
    let map = try json("/v1/heatmap/BTC") { views in
      views.knowledge.heatmap = nil
      views.components.heatmapBuckets = 7
      views.components.heatmapRangePct = 12.5
    }
    #expect(map["bucket_count"] == .integer("7"))
    #expect(map["buckets"]?.elements.count == 7)
    #expect(map["range_pct"] == .number("12.5"))
    #expect(map["data_age_seconds"] == .number("0.0"))
  }

  @Test func knownMapsAreNotSentAgain() throws {
    let views = FixedViews.make()
    let router = Router(views: views, options: APIOptions())
    let client = TestClient(router)
    let tag = try #require(try client.get("/v1/heatmap/BTC").header("etag"))
    let known = [("If-None-Match", tag)]
    #expect(try client.get("/v1/heatmap/BTC", headers: known).status == 304)
    views.now.wall = WallTime(ms: views.now.wall.ms + 5000)
    #expect(try client.get("/v1/heatmap/BTC", headers: known).status == 304)
    views.knowledge.heatmap?.computedAt = views.now.wall
    #expect(try client.get("/v1/heatmap/BTC", headers: known).status == 200)
    // A coin without a map follows its price.
    let other = try #require(try client.get("/v1/heatmap/xyz:TSLA").header("etag"))
    #expect(try client.get("/v1/heatmap/xyz:TSLA", headers: [("If-None-Match", other)]).status == 304)
    views.knowledge.markets.setMid(
      FixedWorld.coin(views, "xyz:TSLA"), FixedWorld.px(432), from: .stream, at: views.now.instant)
    #expect(try client.get("/v1/heatmap/xyz:TSLA", headers: [("If-None-Match", other)]).status == 200)
  }

  @Test(.enabled(if: Contract.folder != nil, "recordings absent"))
  func recordedEdgesComeOutTheSame() throws {
    for file in ["003-heatmap-btc.json", "004-heatmap-eth.json"] {
      let old = try #require(Contract.recordings { $0 == file }.first?.body)
      let mid = try #require(old["mid_price"]?.double)
      let name = try #require(old["coin"]?.string)
      let new = try json("/v1/heatmap/\(name)") { views in
        views.knowledge.heatmap = nil
        views.knowledge.markets.setMid(
          FixedWorld.coin(views, name), FixedWorld.px(mid), from: .stream, at: views.now.instant)
      }
      let buckets = new["buckets"]?.elements ?? []
      for (one, other) in zip(old["buckets"]?.elements ?? [], buckets) {
        for key in ["price_low", "price_high", "price_mid"] {
          #expect(one[key] == other[key], "\(file) \(key)")
        }
      }
    }
  }
}
