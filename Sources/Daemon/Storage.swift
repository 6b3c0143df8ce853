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
  /// Damage found in the open file.
  private var damage: StoreError?
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

  /// Opens the file. One found damaged, now or while it was in use, is set aside and a new one begun.
  func load() {
    let wall = daemon?.loop.now.wall ?? WallTime(ms: 0)
    var options = DatabaseOptions(path: path)
    options.setsDamagedAside = true
    options.knownDamage = damage
    submit(
      {
        [options, before = damage == nil ? nil : database] () -> Result<(Database, LoadedState), StoreError>
        in
        before?.abandon()
        do throws(StoreError) {
          return .success(try Database.openLoaded(options, StoredLimits(), now: wall))
        } catch { return .failure(error) }
      },
      then: { [self] result in
        if case .success(let (opened, _)) = result {
          database = opened
          damage = nil
        }
        daemon?.step(.loaded(result.map { $0.1 }))
      })
  }

  /// Remembers that the file is damaged: the next `load` sets it aside.
  private func note<Value>(_ result: Result<Value, StoreError>) {
    if case .failure(let error) = result, error.isDamage { damage = error }
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
        note(result)
        daemon?.step(.stored(result))
      })
  }

  func sweep(_ sweep: Sweep) {
    guard let database else { preconditionFailure("Core sweeps after it has loaded") }
    submit(
      { sweep.run(on: database) },
      then: { [self] result in
        note(result)
        daemon?.step(.swept(result))
      })
  }

  func query(_ id: QueryID, _ query: StoreQuery) {
    guard let database else {
      daemon?.later(.queried(id, .failure(StoreError(.closed, "the database is not open"))))
      return
    }
    submit(
      { Storage.answer(query, database) },
      then: { [self] result in
        note(result)
        daemon?.step(.queried(id, result))
      })
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
