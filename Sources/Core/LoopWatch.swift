import Base

/// Notices that the event loop stood still, from the driver's reports, which come once a second.
///
/// A loop that is held up cannot say so meanwhile; but its next report is late by as much, whether a turn took too
/// long, the machine had no time for the process, or somebody halted it (SIGSTOP, a paused virtual machine). Time is
/// that of the inputs, so in simulated time it works the same.
struct LoopWatch {
  /// Reports further apart are a stall. A thousand times a long turn, and more than a busy machine keeps a process
  /// waiting; well below the 30 seconds after which systemd ends it. Stalls from this length on are always noticed,
  /// those shorter by `Measurements.interval` never.
  static let stall = TimeSpan.seconds(3)
  /// How long a stall is held against the service: three looks of a prober that comes every ten seconds.
  static let memory = TimeSpan.seconds(30)

  private var reportedAt: Instant?
  private var stalledAt: Instant?
  private var length = TimeSpan.zero
  /// Stalls so far.
  private(set) var count = 0

  /// A report has come; answers how long the loop stood still before it, if it did.
  mutating func report(now: Instant) -> TimeSpan? {
    defer { reportedAt = now }
    guard let reportedAt, now - reportedAt >= LoopWatch.stall else { return nil }
    stalledAt = now
    length = now - reportedAt
    count += 1
    return length
  }

  /// How long the last stall was, while it is held against the service.
  func recent(now: Instant) -> TimeSpan? {
    guard let stalledAt, now - stalledAt < LoopWatch.memory else { return nil }
    return length
  }
}
