import Base
import Core
import Glibc
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
  /// As of the last batch.
  private(set) var sizes = Sizes()

  /// Bytes of the file and of its write-ahead log; 0 where the system does not say.
  struct Sizes: Sendable {
    var file = 0
    var log = 0

    init() {}

    /// Asks the system: only on a thread of the pool.
    init(_ path: String) {
      file = Sizes.bytes(path)
      log = Sizes.bytes(path + "-wal")
    }

    private static func bytes(_ path: String) -> Int {
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
  }

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
      { [path] () -> (Result<BatchReport, StoreError>, Sizes) in
        do throws(StoreError) {
          let report = try database.apply(batch)
          if report.logPages >= Storage.checkpointPages { _ = try? database.checkpoint() }
          return (.success(report), Sizes(path))
        } catch { return (.failure(error), Sizes(path)) }
      },
      then: { [self] result, sizes in
        self.sizes = sizes
        daemon?.step(.stored(result))
      })
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
