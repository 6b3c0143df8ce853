/// How long loop turns took, in a histogram of fixed size.
public import Base

/// Lengths of loop turns in nanoseconds, since the start or the last `reset`.
public struct TurnTimes: Sendable {
  private var histogram = Histogram()
  /// How many turns took how long, since the start; `reset` does not touch it.
  public private(set) var counts = DurationCounts()

  init() {}

  mutating func record(ns: UInt64) {
    histogram.record(ns)
    counts.record(ns: ns)
  }

  /// Turns counted.
  public var count: UInt64 { histogram.count }
  /// The last turn, in nanoseconds.
  public var lastNs: UInt64 { histogram.last }
  /// The longest turn, in nanoseconds.
  public var maxNs: UInt64 { histogram.max }
  /// The length that 99 of 100 turns do not pass, in nanoseconds; at most a sixteenth too long.
  public var p99Ns: UInt64 { quantile(0.99) }

  /// The length that a share `q` (0…1) of the turns does not pass, in nanoseconds; 0 before the first turn.
  public func quantile(_ q: Double) -> UInt64 { histogram.quantile(q) }

  /// Forgets everything.
  public mutating func reset() { histogram.reset() }
}
