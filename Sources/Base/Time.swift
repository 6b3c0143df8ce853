/// A point on the machine's monotonic clock, in nanoseconds since an arbitrary start.
///
/// Never mixes with `WallTime`: what measures durations must not jump when somebody sets the clock.
/// Only Reactor reads the clock, once per loop turn; everybody else is handed `now`.
@frozen
public struct Instant: Comparable, Hashable, Sendable {
  /// Nanoseconds since the clock's arbitrary start.
  public var ns: UInt64

  /// The instant `ns` nanoseconds after the clock's start.
  @inlinable
  public init(ns: UInt64) { self.ns = ns }

  /// The clock's start: earlier than every instant a driver hands out.
  @inlinable public static var zero: Instant { Instant(ns: 0) }

  /// Later than every instant a driver hands out; as a deadline it means "never".
  @inlinable public static var never: Instant { Instant(ns: .max) }

  /// Chronological order.
  @inlinable
  public static func < (a: Instant, b: Instant) -> Bool { a.ns < b.ns }

  /// The instant `span` later, clamped to the clock's range.
  @inlinable
  public static func + (instant: Instant, span: TimeSpan) -> Instant {
    if span.ns >= 0 {
      let (sum, overflow) = instant.ns.addingReportingOverflow(UInt64(span.ns))
      return Instant(ns: overflow ? .max : sum)
    }
    let back = span.ns.magnitude
    return Instant(ns: instant.ns > back ? instant.ns - back : 0)
  }

  /// The instant `span` earlier, clamped to the clock's range.
  @inlinable
  public static func - (instant: Instant, span: TimeSpan) -> Instant {
    // The most negative span has no exact opposite; after 292 years one nanosecond is no matter.
    instant + TimeSpan(ns: span.ns == .min ? .max : -span.ns)
  }

  /// The time from `earlier` to `later`; negative when they are the other way round.
  @inlinable
  public static func - (later: Instant, earlier: Instant) -> TimeSpan {
    let (difference, borrow) = later.ns.subtractingReportingOverflow(earlier.ns)
    if borrow { return TimeSpan(ns: -Int64(clamping: earlier.ns - later.ns)) }
    return TimeSpan(ns: Int64(clamping: difference))
  }
}

/// A length of time in nanoseconds; may be negative. Reaches 292 years; arithmetic stops there.
@frozen
public struct TimeSpan: Comparable, Hashable, Sendable {
  /// Nanoseconds.
  public var ns: Int64

  /// A span of `ns` nanoseconds.
  @inlinable
  public init(ns: Int64) { self.ns = ns }

  /// A span of `count` milliseconds.
  @inlinable
  public static func milliseconds(_ count: Int) -> TimeSpan { TimeSpan(ns: 1_000_000) * count }

  /// A span of `count` seconds.
  @inlinable
  public static func seconds(_ count: Int) -> TimeSpan { TimeSpan(ns: 1_000_000_000) * count }

  /// The empty span.
  @inlinable public static var zero: TimeSpan { TimeSpan(ns: 0) }

  /// In seconds, for answers and logs.
  @inlinable public var seconds: Double { Double(ns) / 1e9 }

  /// In whole milliseconds, rounded towards zero.
  @inlinable public var milliseconds: Int64 { ns / 1_000_000 }

  /// Shorter before longer.
  @inlinable
  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.ns < b.ns }

  /// The two spans after each other.
  @inlinable
  public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
    let (sum, overflow) = a.ns.addingReportingOverflow(b.ns)
    return TimeSpan(ns: overflow ? (a.ns < 0 ? .min : .max) : sum)
  }

  /// `span` repeated `factor` times.
  @inlinable
  public static func * (span: TimeSpan, factor: Int) -> TimeSpan {
    let (product, overflow) = span.ns.multipliedReportingOverflow(by: Int64(factor))
    return TimeSpan(ns: overflow ? ((span.ns < 0) != (factor < 0) ? .min : .max) : product)
  }
}

/// A wall-clock time: milliseconds since 1970-01-01 UTC, the unit of every time the exchange sends.
@frozen
public struct WallTime: Comparable, Hashable, Sendable {
  /// Milliseconds since the epoch.
  public var ms: Int64

  /// The time `ms` milliseconds after the epoch.
  @inlinable
  public init(ms: Int64) { self.ms = ms }

  /// In seconds, as answers and SQLite rows carry it.
  @inlinable public var seconds: Double { Double(ms) / 1000 }

  /// Chronological order.
  @inlinable
  public static func < (a: WallTime, b: WallTime) -> Bool { a.ms < b.ms }
}

/// The two clocks as read together at the start of a loop turn.
@frozen
public struct Now: Hashable, Sendable {
  /// The monotonic clock.
  public var instant: Instant
  /// The operating system's wall clock; it may jump either way between two turns.
  public var wall: WallTime

  /// Both clocks, read at the same moment.
  @inlinable
  public init(instant: Instant, wall: WallTime) {
    self.instant = instant
    self.wall = wall
  }
}
