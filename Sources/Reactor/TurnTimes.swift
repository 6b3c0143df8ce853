/// How long loop turns took: the last, the longest, and quantiles from a small histogram of powers of two,
/// each split in four (a quantile is exact to 25 %). Fixed size: 160 counters.
import Base

/// Lengths of loop turns in nanoseconds, since the start or the last `reset`.
public struct TurnTimes: Sendable {
  /// Turns counted.
  public private(set) var count: UInt64 = 0
  /// The last turn, in nanoseconds.
  public private(set) var lastNs: UInt64 = 0
  /// The longest turn, in nanoseconds.
  public private(set) var maxNs: UInt64 = 0
  private var buckets = [UInt64](repeating: 0, count: 160)

  init() {}

  mutating func record(ns: UInt64) {
    count &+= 1
    lastNs = ns
    if ns > maxNs { maxNs = ns }
    buckets[TurnTimes.bucket(ns)] &+= 1
  }

  /// The length that 99 of 100 turns do not pass, in nanoseconds (upper edge of its bucket, at most `maxNs`).
  public var p99Ns: UInt64 { quantile(0.99) }

  /// The length that a share `q` (0…1) of the turns does not pass, in nanoseconds; 0 before the first turn.
  public func quantile(_ q: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let wanted = UInt64((Double(count) * min(max(q, 0), 1)).rounded(.up))
    var seen: UInt64 = 0
    for (index, held) in buckets.enumerated() {
      seen += held
      if seen >= wanted && held > 0 { return min(TurnTimes.upperEdge(index), maxNs) }
    }
    return maxNs
  }

  /// Forgets everything.
  public mutating func reset() { self = TurnTimes() }

  private static func bucket(_ ns: UInt64) -> Int {
    guard ns >= 4 else { return Int(ns) }
    let power = 63 - ns.leadingZeroBitCount
    return min((power - 1) * 4 + Int((ns >> (power - 2)) & 3), 159)
  }

  private static func upperEdge(_ index: Int) -> UInt64 {
    guard index >= 4 else { return UInt64(index) }
    let power = index / 4 + 1
    return (UInt64(4 + index % 4 + 1) << (power - 2)) - 1
  }
}
