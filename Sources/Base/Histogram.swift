/// How long things take: counts of nanoseconds in buckets that widen with the value.
///
/// Log-linear: sixteen buckets per power of two, so a quantile is at most 1/16 above the true value; values
/// below 32 ns are exact, values above `valueMax` count as `valueMax`. Fixed memory: 592 four-byte counters
/// (2.4 KB). `record` is a few instructions and allocates nothing.
/// Bound: a counter that is about to overflow halves all of them, which leaves the quantiles where they are.
public struct Histogram: Sendable {
  /// The longest time told apart from longer ones: 2^40 − 1 ns, about 18 minutes.
  public static let valueMax: UInt64 = 1 << 40 - 1

  private static let octaveBits = 4
  private static let bucketsMax = (40 - octaveBits + 1) << octaveBits

  private var buckets = [UInt32](repeating: 0, count: bucketsMax)
  private var weight: UInt64 = 0
  /// Values recorded since the last `reset`.
  public private(set) var count: UInt64 = 0
  /// The largest value since the last `reset`, exact, 0 when there is none.
  public private(set) var max: UInt64 = 0
  /// The value recorded last, exact, 0 when there is none.
  public private(set) var last: UInt64 = 0

  /// An empty histogram.
  public init() {}

  /// Counts one value in nanoseconds.
  public mutating func record(_ ns: UInt64) {
    let bucket = Histogram.bucket(of: ns)
    if buckets[bucket] == .max { halve() }
    buckets[bucket] += 1
    weight += 1
    count &+= 1
    last = ns
    if ns > max { max = ns }
  }

  /// Counts one span; a negative one, which a jumping clock can produce, counts as zero.
  public mutating func record(_ span: TimeSpan) { record(UInt64(clamping: span.ns)) }

  /// A value that the given share (0…1) of the recorded values does not exceed: the upper edge of the bucket
  /// it falls into, never above `max`; 0 when nothing is recorded.
  public func quantile(_ share: Double) -> UInt64 {
    guard weight > 0 else { return 0 }
    let clamped = share > 0 ? Swift.min(share, 1) : 0
    let exact = Double(weight) * clamped
    // Rounded up by hand: `rounded(.up)` would make every program that links this link the C maths library.
    let whole = UInt64(exact)
    let wanted = Swift.max(1, Double(whole) < exact ? whole + 1 : whole)
    var seen: UInt64 = 0
    for bucket in buckets.indices {
      seen += UInt64(buckets[bucket])
      if seen >= wanted {
        let isLastBucket = bucket == Histogram.bucketsMax - 1
        return isLastBucket ? max : Swift.min(Histogram.upperEdge(of: bucket), max)
      }
    }
    return max
  }

  /// Forgets everything.
  public mutating func reset() {
    for bucket in buckets.indices { buckets[bucket] = 0 }
    weight = 0
    count = 0
    max = 0
    last = 0
  }

  private mutating func halve() {
    weight = 0
    for bucket in buckets.indices {
      buckets[bucket] /= 2
      weight += UInt64(buckets[bucket])
    }
  }

  /// The bucket a value falls into: its top five bits and their place.
  static func bucket(of ns: UInt64) -> Int {
    let value = Swift.min(ns, valueMax)
    guard value >= 1 << octaveBits else { return Int(value) }
    let shift = 63 - value.leadingZeroBitCount - octaveBits
    return (shift << octaveBits) + Int(value >> UInt64(shift))
  }

  /// The largest value that falls into `bucket`.
  static func upperEdge(of bucket: Int) -> UInt64 {
    guard bucket >= 2 << octaveBits else { return UInt64(bucket) }
    let shift = bucket >> octaveBits - 1
    let mantissa = UInt64(bucket & (1 << octaveBits - 1) + 1 << octaveBits)
    return (mantissa + 1) << UInt64(shift) - 1
  }
}
