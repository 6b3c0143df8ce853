public import Base
public import Market

/// What a heatmap needs to know of a coin besides its positions.
public struct HeatmapInput: Hashable, Sendable {
  /// The price in the middle of the map; without one there is no map.
  public var mid: Px?
  /// Open interest × mark.
  public var openInterestUsd: Double?

  /// These values.
  public init(mid: Px?, openInterestUsd: Double?) {
    self.mid = mid
    self.openInterestUsd = openInterestUsd
  }
}

/// The computation of all coins' liquidation heatmaps from one snapshot (contract §3 and §5): a plain value for the pool.
///
/// Counted: `sizeUsd` ≥ `minSizeUsd`, a liquidation price, refreshed within `freshMs`, not a bot.
public struct HeatmapJob: Sendable {
  /// The longest `freshMs` taken: an hour.
  public static let freshMsMax: Int64 = 3_600_000

  /// The positions.
  public var snapshot: PositionSnapshot
  /// By coin index; coins behind the end have no map.
  public var inputs: [HeatmapInput]
  /// Buckets of each map, at most `CoinHeatmap.bucketsMax`.
  public var bucketCount: Int
  /// Half the maps' width, in percent of the mid.
  public var rangePct: Double
  /// Smaller positions are not counted.
  public var minSizeUsd = Usd(micros: 1_000_000_000)
  /// Positions not refreshed for longer are not counted; at most `freshMsMax`.
  public var freshMs: Int64 = 1_200_000
  /// The moment the maps are of.
  public var now: WallTime

  /// A job over `snapshot` at `now`.
  public init(
    snapshot: PositionSnapshot, inputs: [HeatmapInput], bucketCount: Int, rangePct: Double, now: WallTime
  ) {
    self.snapshot = snapshot
    self.inputs = inputs
    self.bucketCount = bucketCount
    self.rangePct = rangePct
    self.now = now
  }

  /// Computes all maps; takes a few nanoseconds per position.
  public func run() -> HeatmapResult {
    var maps: [CoinHeatmap?] = []
    maps.reserveCapacity(snapshot.coins.count)
    let scan = HeatmapScan(self)
    for index in snapshot.coins.indices {
      guard index < inputs.count, let mid = inputs[index].mid, mid.raw > 0, snapshot.coins[index].count > 0
      else {
        maps.append(nil)
        continue
      }
      let coin = CoinID(raw: UInt32(index))
      maps.append(scan.map(coin, mid, inputs[index].openInterestUsd, snapshot.coins[index]))
    }
    return HeatmapResult(computedAt: now, coins: maps)
  }
}

/// The heatmaps of all coins at one moment.
public struct HeatmapResult: Sendable {
  /// The moment.
  public var computedAt: WallTime
  /// By coin index; `nil` for a coin without positions or price.
  public var coins: [CoinHeatmap?]

  /// These maps.
  public init(computedAt: WallTime, coins: [CoinHeatmap?]) {
    self.computedAt = computedAt
    self.coins = coins
  }

  /// The map of `coin`, if there is one.
  public subscript(coin: CoinID) -> CoinHeatmap? { coin.index < coins.count ? coins[coin.index] : nil }
}
