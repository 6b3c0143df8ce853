/// Whether the service should be sent requests, as plain values that Core fills: `/readyz` and `/metrics`.
/// Why the service should not be sent requests now.
public enum UnreadyReason: Int, CaseIterable, Sendable {
  /// What a restart takes from the database is not all in memory yet.
  case starting
  /// The process was told to stop.
  case stopping
  /// No trade for too long, or none yet: order flow, prices and new accounts stand still.
  case streamStale
  /// The database is not open or its last write failed; clients' writes are refused or may be.
  case database
  /// The event loop stood still a moment ago: the machine or the process was halted, or a turn took too long.
  case loopStalled
  /// The polls of the biggest accounts are late.
  case behindSchedule

  /// As answers and metrics spell it.
  public var word: StaticString {
    switch self {
    case .starting: "starting"
    case .stopping: "stopping"
    case .streamStale: "stream_stale"
    case .database: "database"
    case .loopStalled: "loop_stalled"
    case .behindSchedule: "behind_schedule"
    }
  }
}

/// Whether the service should be sent requests. Filled with `health` and `stats`.
public struct ReadinessFacts: Sendable {
  /// Why not, each reason at most once, in the order of `UnreadyReason`, with a short sentence; empty means ready.
  public var reasons: [(reason: UnreadyReason, detail: String)] = []
  /// How often the event loop stood still since the start.
  public var stalls = 0

  /// Ready.
  public init() {}
}
