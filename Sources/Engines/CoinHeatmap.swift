public import Market

/// What would be liquidated between two prices.
public struct HeatmapBucket: Hashable, Sendable {
  /// Notional of the longs liquidated here.
  public var longUsd: Usd
  /// Notional of the shorts liquidated here.
  public var shortUsd: Usd
  /// Longs liquidated here.
  public var longCount: Int
  /// Shorts liquidated here.
  public var shortCount: Int

  /// A bucket with these sums.
  public init(longUsd: Usd = .zero, shortUsd: Usd = .zero, longCount: Int = 0, shortCount: Int = 0) {
    self.longUsd = longUsd
    self.shortUsd = shortUsd
    self.longCount = longCount
    self.shortCount = shortCount
  }
}

/// How much of the market a heatmap sees, and how fresh that is.
public struct HeatmapCoverage: Hashable, Sendable {
  /// Notional of the longs tracked and refreshed in time ÷ open interest; `nil` when that is not known or 0. Of any
  /// size, with or without a liquidation price, bots too. May pass 1: the two are not of the same moment.
  public var longOiShare: Double?
  /// The same of the shorts.
  public var shortOiShare: Double?
  /// Positions counted.
  public var positions = 0
  /// Seconds since the refresh of the counted position refreshed longest ago; 0 without positions.
  public var oldestAgeS = 0
  /// The lower median of the counted positions' ages, in whole seconds; 0 without positions.
  public var medianAgeS = 0
  /// Positions not counted only because their accounts are bots.
  public var botsExcluded = 0

  /// Nothing seen.
  public init() {}
}

/// Where the tracked positions of one coin would be liquidated.
///
/// Bucket `i` holds the liquidation prices in `edges[i] ..< edges[i + 1]`; the last one also its upper edge.
/// Invariant: `edges` has one more element than `buckets`, ascending; totals are the buckets' sums.
public struct CoinHeatmap: Hashable, Sendable {
  /// The most buckets of a map.
  public static let bucketsMax = 1000

  /// The coin.
  public var coin: CoinID
  /// The price in the middle.
  public var mid: Px
  /// Half the map's width, in percent of `mid`.
  public var rangePct: Double
  /// The buckets' bounds, exact.
  public var edges: [Px]
  /// Ascending by price.
  public var buckets: [HeatmapBucket]
  /// Positions the map's filters let through, in or out of its range.
  public var totalPositions: Int
  /// The longs of all buckets.
  public var totalLong: Usd
  /// The shorts of all buckets.
  public var totalShort: Usd
  /// How much of the market this is.
  public var coverage: HeatmapCoverage

  /// A map of `coin` without positions.
  public static func empty(coin: CoinID, mid: Px, bucketCount: Int, rangePct: Double) -> CoinHeatmap {
    let count = clampedBuckets(bucketCount)
    return CoinHeatmap(
      coin: coin, mid: mid, rangePct: rangePct,
      edges: edges(mid: mid, bucketCount: count, rangePct: rangePct),
      buckets: Array(repeating: HeatmapBucket(), count: count), totalPositions: 0, totalLong: .zero,
      totalShort: .zero, coverage: HeatmapCoverage())
  }

  /// The bounds of `bucketCount` equal buckets over `mid` ± `rangePct` %, each rounded to the nearest 1e-8 from its
  /// exact place (halves up), so that they lie behind each other without gap or overlap.
  ///
  /// `rangePct` is taken to a millionth of a percent, within 0…100.
  static func edges(mid: Px, bucketCount: Int, rangePct: Double) -> [Px] {
    let full: UInt64 = 100_000_000
    let range = rangePct.isFinite ? UInt64((max(0, min(100, rangePct)) * 1e6).rounded()) : 0
    let (price, buckets) = (UInt64(max(0, mid.raw)), UInt64(bucketCount))
    // Edge i is price × (buckets × (full − range) + 2 × i × range) / divisor: two divisions, then sums with a carry.
    let divisor = UInt128(buckets * full)
    let first = (UInt128(price) * UInt128(buckets * (full - range)) + divisor / 2).quotientAndRemainder(
      dividingBy: divisor)
    let step = (UInt128(price) * UInt128(2 * range)).quotientAndRemainder(dividingBy: divisor)
    var (edge, rest) = (UInt64(first.quotient), UInt64(first.remainder))
    let (width, more, whole) = (UInt64(step.quotient), UInt64(step.remainder), buckets * full)
    return [Px](unsafeUninitializedCapacity: bucketCount + 1) { edges, count in
      for index in 0...bucketCount {
        edges.initializeElement(at: index, to: Px(raw: Int64(clamping: edge)))
        rest += more
        let carry: UInt64 = rest >= whole ? 1 : 0
        rest -= carry * whole
        edge &+= width + carry
      }
      count = bucketCount + 1
    }
  }

  static func clampedBuckets(_ count: Int) -> Int { max(1, min(count, bucketsMax)) }

  /// The middle of bucket `index`, rounded down to 1e-8.
  public func middle(_ index: Int) -> Px {
    let (low, high) = (edges[index].raw, edges[index + 1].raw)
    return Px(raw: low + (high - low) / 2)
  }

  /// Decimals to print edges and middles with, 2…8: two for coins of $100 and more; below, and where two would not
  /// tell a bucket from its middle, as many as show at least two digits of a bucket's width.
  public var pricePlaces: Int {
    guard let first = edges.first, let last = edges.last, last > first else {
      return mid.raw >= 100 * 100_000_000 ? 2 : 8
    }
    let width = (last.raw - first.raw) / Int64(buckets.count)
    if mid.raw >= 100 * 100_000_000, width >= 2_000_000 { return 2 }
    var (places, unit) = (2, 1_000_000 as Int64)
    while places < 8, width < unit * 20 { (places, unit) = (places + 1, unit / 10) }
    return places
  }
}

extension CoinHeatmap {
  /// `price` as it is printed: rounded to `pricePlaces`, halves down (as the original's binary fractions went).
  ///
  /// Edges print alike in both buckets they bound, so what is printed tiles too.
  public func shown(_ price: Px) -> Px {
    var unit: Int64 = 1
    for _ in pricePlaces..<8 { unit *= 10 }
    let rest = price.raw % unit
    let down = price.raw - rest
    return Px(raw: rest > unit - rest && down <= .max - unit ? down + unit : down)
  }
}
