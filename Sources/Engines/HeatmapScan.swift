import Base
import Market

/// One pass over a coin's positions after the other, with the memory it needs.
struct HeatmapScan {
  /// Ages told apart, in seconds.
  private var ages: ContiguousArray<UInt32>
  private let bucketCount: Int
  private let rangePct: Double
  private let minSize: Int64
  private let freshMs: Int64
  private let now: Int64

  init(_ job: HeatmapJob) {
    bucketCount = CoinHeatmap.clampedBuckets(job.bucketCount)
    rangePct = job.rangePct
    minSize = max(1, job.minSizeUsd.micros)
    freshMs = max(0, job.freshMs)
    now = job.now.ms
    ages = ContiguousArray(repeating: 0, count: Int(freshMs / 1000) + 1)
  }

  /// The map of one coin.
  mutating func map(_ coin: CoinID, _ mid: Px, _ openInterestUsd: Double?, _ part: CoinSnapshot)
    -> CoinHeatmap
  {
    var map = CoinHeatmap.empty(coin: coin, mid: mid, bucketCount: bucketCount, rangePct: rangePct)
    var (long, short) = (part.long, part.short)
    for index in ages.indices { ages[index] = 0 }
    for chunk in part.chunks where !chunk.columns.isEmpty {
      for row in 0..<PositionChunk.rows {
        let liqPx = chunk.columns[row]
        let signed = chunk.columns[PositionChunk.sizes + row]
        let mark = PositionMark(word: chunk.columns[PositionChunk.marks + row])
        let size = abs(signed)
        let age = now - mark.ms
        guard age <= freshMs else {
          if signed > 0 { long -= size } else { short -= size }
          continue
        }
        guard liqPx > 0, size >= minSize else { continue }
        guard !mark.isBot else {
          map.coverage.botsExcluded += 1
          continue
        }
        map.totalPositions += 1
        ages[Int(max(0, age) / 1000)] += 1
        guard let bucket = map.bucket(of: Px(raw: liqPx)) else { continue }
        if signed > 0 {
          map.buckets[bucket].longUsd += Usd(micros: size)
          map.buckets[bucket].longCount += 1
        } else {
          map.buckets[bucket].shortUsd += Usd(micros: size)
          map.buckets[bucket].shortCount += 1
        }
      }
    }
    for bucket in map.buckets {
      map.totalLong += bucket.longUsd
      map.totalShort += bucket.shortUsd
    }
    cover(&map, openInterestUsd, long, short)
    return map
  }

  private func cover(_ map: inout CoinHeatmap, _ openInterestUsd: Double?, _ long: Int64, _ short: Int64) {
    if let total = openInterestUsd, total > 0 {
      map.coverage.longOiShare = Double(long) / 1e6 / total
      map.coverage.shortOiShare = Double(short) / 1e6 / total
    }
    map.coverage.positions = map.totalPositions
    var seen = 0
    for age in ages.indices where ages[age] > 0 {
      if seen * 2 < map.totalPositions, (seen + Int(ages[age])) * 2 >= map.totalPositions {
        map.coverage.medianAgeS = age
      }
      seen += Int(ages[age])
      map.coverage.oldestAgeS = age
    }
  }
}

extension CoinHeatmap {
  /// The bucket `price` lies in; `nil` outside the map.
  func bucket(of price: Px) -> Int? {
    guard price >= edges[0], price <= edges[buckets.count] else { return nil }
    var (low, high) = (0, buckets.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if edges[middle] <= price { low = middle } else { high = middle }
    }
    return low
  }
}
