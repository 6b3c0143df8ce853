public import Engines
import Store

/// A computation off the loop. Core chooses the number and never reuses one within a run.
@frozen
public struct JobID: Hashable, Sendable {
  /// The running number.
  public var raw: UInt64
  /// The job `raw`.
  @inlinable
  public init(raw: UInt64) { self.raw = raw }
}

/// A question to the database under way. Core chooses the number and never reuses one within a run.
@frozen
public struct QueryID: Hashable, Sendable {
  /// The running number.
  public var raw: UInt64
  /// The query `raw`.
  @inlinable
  public init(raw: UInt64) { self.raw = raw }
}

/// A long computation as a plain value: everything it needs is in it, and it is run once, anywhere.
///
/// Add a kind: a case here and in `JobResult`, a line in `run`, and a line in `Core.computed`.
public enum Job: Sendable {
  /// Does nothing; for whoever tries a driver.
  case rest
  /// All coins' liquidation heatmaps.
  case heatmap(HeatmapJob)
  /// One wallet's fills matched into trades and summed up.
  case profile(ProfileJob)

  /// Does the work; as long as it takes, so never on the loop.
  public consuming func run() -> JobResult {
    switch self {
    case .rest: .rested
    case .heatmap(let job): .heatmap(job.run())
    case .profile(let job): .profile(job.run())
    }
  }
}

/// What a job found.
public enum JobResult: Sendable {
  /// Nothing was to be done.
  case rested
  /// All coins' liquidation heatmaps.
  case heatmap(HeatmapResult)
  /// A wallet's trades, and its profile if there are enough.
  case profile(ProfileOutcome)
}

/// Jobs and queries that wait for the driver to take them, and those it has.
///
/// Whoever wants something computed keeps at most one or a few jobs under way and bounds them itself; `jobsMax` only
/// catches mistakes.
struct Jobs {
  /// Jobs and queries under way.
  static let jobsMax = 256

  private var waiting: [JobID: Job] = [:]
  private var asking: [QueryID: StoreQuery] = [:]
  private var lastID: UInt64 = 0
  /// Jobs and queries the driver has or is about to take.
  private(set) var underWay = 0

  var hasRoom: Bool { underWay < Jobs.jobsMax }

  /// Starts a job; its result comes under the number answered.
  @discardableResult
  mutating func start(_ job: Job, _ out: Output) -> JobID {
    lastID += 1
    underWay += 1
    let id = JobID(raw: lastID)
    waiting[id] = job
    out.add(.compute(id))
    return id
  }

  /// Asks the database; the answer comes under the number answered.
  @discardableResult
  mutating func ask(_ query: StoreQuery, _ out: Output) -> QueryID {
    lastID += 1
    underWay += 1
    let id = QueryID(raw: lastID)
    asking[id] = query
    out.add(.query(id))
    return id
  }

  mutating func take(_ id: JobID) -> Job {
    guard let job = waiting.removeValue(forKey: id) else { preconditionFailure("a job is taken once") }
    return job
  }

  mutating func take(_ id: QueryID) -> StoreQuery {
    guard let query = asking.removeValue(forKey: id) else { preconditionFailure("a query is taken once") }
    return query
  }

  /// One is over.
  mutating func ended() { underWay -= 1 }
}
