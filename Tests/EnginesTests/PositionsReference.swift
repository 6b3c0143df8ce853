import Base
import Engines
import Market

/// Positions as plain lists, every question answered by looking through all of them.
struct PositionsReference {
  /// By account, in the order of its last poll.
  var rows: [UInt32: [TrackedPosition]] = [:]
  var bots: Set<UInt32> = []
  let addresses: [Address]

  var all: [TrackedPosition] { rows.keys.sorted().flatMap { rows[$0]! } }

  /// The coins closed, in the old order.
  mutating func replace(_ account: AddressID, with new: [TrackedPosition]) -> [CoinID] {
    var kept: [TrackedPosition] = []
    for (index, row) in new.enumerated() where !new[(index + 1)...].contains(where: { $0.coin == row.coin }) {
      kept.append(row)
    }
    let before = rows[account.raw] ?? []
    rows[account.raw] = kept.isEmpty ? nil : kept
    return before.map(\.coin).filter { coin in !kept.contains { $0.coin == coin } }
  }

  mutating func restore(_ row: TrackedPosition) {
    var mine = rows[row.account.raw] ?? []
    if let index = mine.firstIndex(where: { $0.coin == row.coin }) {
      mine[index] = row
    } else {
      mine.append(row)
    }
    rows[row.account.raw] = mine
  }

  /// What was forgotten.
  mutating func expire(before time: WallTime) -> Set<TrackedPosition> {
    let gone = all.filter { $0.updatedAt < time }
    for (account, mine) in rows {
      let kept = mine.filter { $0.updatedAt >= time }
      rows[account] = kept.isEmpty ? nil : kept
    }
    return Set(gone)
  }

  func positions(of coin: CoinID) -> [TrackedPosition] { all.filter { $0.coin == coin } }

  func largest(of coin: CoinID, _ limit: Int) -> [TrackedPosition] {
    let sorted = positions(of: coin).sorted { a, b in
      if a.sizeUsd != b.sizeUsd { return a.sizeUsd > b.sizeUsd }
      return addresses[a.account.index].description < addresses[b.account.index].description
    }
    return Array(sorted.prefix(limit))
  }

  /// The map of one coin, straight from the definition.
  func heatmap(_ coin: CoinID, _ job: HeatmapJob) -> CoinHeatmap? {
    let mine = positions(of: coin)
    guard let input = coin.index < job.inputs.count ? job.inputs[coin.index] : nil, let mid = input.mid,
      mid.raw > 0, !mine.isEmpty
    else { return nil }
    var map = CoinHeatmap.empty(
      coin: coin, mid: mid, bucketCount: job.bucketCount, rangePct: job.rangePct)
    let inTime = mine.filter { job.now.ms - $0.updatedAt.ms <= job.freshMs }
    let eligible = inTime.filter { $0.liqPx != nil && $0.sizeUsd >= job.minSizeUsd }
    let counted = eligible.filter { !bots.contains($0.account.raw) }
    map.totalPositions = counted.count
    map.coverage.positions = counted.count
    map.coverage.botsExcluded = eligible.count - counted.count
    let ages = counted.map { Int(max(0, job.now.ms - $0.updatedAt.ms) / 1000) }.sorted()
    map.coverage.oldestAgeS = ages.last ?? 0
    map.coverage.medianAgeS = ages.isEmpty ? 0 : ages[(ages.count - 1) / 2]
    if let total = input.openInterestUsd, total > 0 {
      map.coverage.longOiShare = PositionsReference.usd(inTime.filter(\.isLong)) / total
      map.coverage.shortOiShare = PositionsReference.usd(inTime.filter { !$0.isLong }) / total
    }
    for position in counted {
      let price = position.liqPx!
      var bucket = map.buckets.indices.filter { map.edges[$0] <= price && price < map.edges[$0 + 1] }
      if price == map.edges.last { bucket = [map.buckets.count - 1] }
      guard let index = bucket.first else { continue }
      if position.isLong {
        map.buckets[index].longUsd += position.sizeUsd
        map.buckets[index].longCount += 1
        map.totalLong += position.sizeUsd
      } else {
        map.buckets[index].shortUsd += position.sizeUsd
        map.buckets[index].shortCount += 1
        map.totalShort += position.sizeUsd
      }
    }
    return map
  }

  private static func usd(_ positions: [TrackedPosition]) -> Double {
    Double(positions.reduce(0 as Int64) { $0 + $1.sizeUsd.micros }) / 1e6
  }
}
