/// How many durations fell below each of a few fixed bounds, and their sum: what a scraper can add up.
///
/// `Histogram` answers quantiles of one process; these counts only ever grow, so that the difference of two readings
/// is what happened between them. Fixed memory; `record` is a few comparisons.
public struct DurationCounts: Hashable, Sendable {
  /// The upper bounds, in nanoseconds, ascending; what is longer than the last counts in one more bucket.
  public static let boundsNs: [UInt64] = [
    50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
    100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000,
  ]

  /// How many fell into each bucket, the last without a bound; not cumulative.
  public private(set) var counts = [UInt64](repeating: 0, count: boundsNs.count + 1)
  /// All durations together, in nanoseconds.
  public private(set) var sumNs: UInt64 = 0

  /// Nothing counted.
  public init() {}

  /// Durations counted.
  public var count: UInt64 { counts.reduce(0, &+) }

  /// Counts one duration.
  public mutating func record(ns: UInt64) {
    var bucket = 0
    while bucket < DurationCounts.boundsNs.count, ns > DurationCounts.boundsNs[bucket] { bucket += 1 }
    counts[bucket] &+= 1
    sumNs &+= ns
  }
}
