/// Looking through heatmaps for broken invariants; for tests and for the simulator's oracles.
import Market

extension HeatmapResult {
  /// The first broken invariant found, in words; `nil` when all is well.
  public func brokenInvariant() -> String? {
    for map in coins {
      if let map, let broken = map.brokenInvariant() { return "heatmap of coin \(map.coin.index): \(broken)" }
    }
    return nil
  }
}

extension CoinHeatmap {
  fileprivate func brokenInvariant() -> String? {
    if edges.count != buckets.count + 1 { return "\(edges.count) edges of \(buckets.count) buckets" }
    for index in buckets.indices where edges[index + 1] < edges[index] {
      return "edge \(index) lies too high"
    }
    if mid < edges[0] || mid > edges[buckets.count] { return "its middle lies outside" }
    var (long, short, count) = (Usd.zero, Usd.zero, 0)
    for bucket in buckets {
      if bucket.longUsd < .zero || bucket.shortUsd < .zero { return "a bucket below 0" }
      if bucket.longCount < 0 || bucket.shortCount < 0 { return "a bucket counts below 0" }
      long += bucket.longUsd
      short += bucket.shortUsd
      count += bucket.longCount + bucket.shortCount
    }
    if long != totalLong || short != totalShort { return "the totals are not the buckets' sums" }
    if count > totalPositions { return "\(count) positions in buckets, \(totalPositions) counted" }
    if coverage.positions != totalPositions { return "\(coverage.positions) positions covered" }
    if coverage.medianAgeS > coverage.oldestAgeS { return "the median is older than the oldest" }
    return nil
  }
}
