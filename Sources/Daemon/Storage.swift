import Base
import Core
import Reactor
import Store

/// The database under Core's store effects: every call is a pool job, one at a time.
final class Storage {
  /// Pages in the write-ahead log from which a commit is followed by a checkpoint, in the same job.
  static let checkpointPages = 1000

  weak var daemon: Daemon?
  private let path: String
  private let pool: Pool
  private var database: Database?

  init(path: String, pool: Pool) {
    self.path = path
    self.pool = pool
  }

  func load() {
    let path = path
    let wall = daemon?.loop.now.wall ?? WallTime(ms: 0)
    submit(
      { () -> Result<(Database, LoadedState), StoreError> in
        do throws(StoreError) {
          let database = try Database(DatabaseOptions(path: path))
          return .success((database, try database.loadAll(StoredLimits(), now: wall)))
        } catch { return .failure(error) }
      },
      then: { [self] result in
        if case .success(let (opened, _)) = result { database = opened }
        daemon?.step(.loaded(result.map { $0.1 }))
      })
  }

  func store(_ batch: Batch) {
    guard let database else { preconditionFailure("Core stores after it has loaded") }
    submit(
      { () -> Result<BatchReport, StoreError> in
        do throws(StoreError) {
          let report = try database.apply(batch)
          if report.logPages >= Storage.checkpointPages { _ = try? database.checkpoint() }
          return .success(report)
        } catch { return .failure(error) }
      },
      then: { [self] result in daemon?.step(.stored(result)) })
  }

  func sweep(_ sweep: Sweep) {
    guard let database else { preconditionFailure("Core sweeps after it has loaded") }
    submit({ sweep.run(on: database) }, then: { [self] result in daemon?.step(.swept(result)) })
  }

  func query(_ id: QueryID, _ query: StoreQuery) {
    guard let database else {
      daemon?.later(.queried(id, .failure(StoreError(.closed, "the database is not open"))))
      return
    }
    submit({ Storage.answer(query, database) }, then: { [self] result in daemon?.step(.queried(id, result)) })
  }

  private static func answer(
    _ query: StoreQuery, _ database: Database
  ) -> Result<StoreAnswer, StoreError> {
    do throws(StoreError) { return .success(try database.answer(query)) } catch { return .failure(error) }
  }

  /// Writes the log into the file and closes it; blocks, so only when the loop has ended.
  func close() {
    try? database?.close()
    database = nil
  }

  /// The pool never refuses these: at most one is under way, and its queue holds a thousand.
  private func submit<Value>(_ work: @escaping @Sendable () -> sending Value, then: @escaping (Value) -> Void)
  {
    let isTaken = pool.submit(work, then: then)
    precondition(isTaken)
  }
}
