public import Base
import CSQLite
import Synchronization

/// How a file is opened.
public struct DatabaseOptions: Sendable {
  /// The file, or `:memory:` for one that ends with the process.
  public var path: String
  /// How long one statement waits for somebody else's lock before it fails as `locked`, milliseconds.
  public var busyMs: Int32 = 1_000
  /// The largest the file may grow, in pages of 4 KiB; `nil` for SQLite's own limit of 16 TiB.
  public var pagesMax: Int64? = nil
  /// The name of the VFS the file lies on (`MemoryDisk.name`); `nil` for the operating system's files.
  public var vfs: String? = nil
  /// Whether `Database.openLoaded` may set a damaged file aside and begin a new one.
  public var setsDamagedAside = false
  /// Damage found while the file was in use: it is set aside without another look.
  public var knownDamage: StoreError? = nil

  /// The options for `path`.
  public init(path: String) { self.path = path }
}

/// What opening a file found and did, for one line of the log.
public struct OpenReport: Hashable, Sendable {
  /// Whether the file was made.
  public var isNew = false
  /// Tables added to an existing file.
  public var tablesAdded: [String] = []
  /// Columns added, as `table.column`.
  public var columnsAdded: [String] = []
  /// Indexes added.
  public var indexesAdded: [String] = []
  /// Whether the file was left without being closed: a crash, a kill, or a reader of it still there.
  public var wasLeftOpen = false
  /// How much of a file that was there was looked through.
  public var check = FileCheck.none
  /// Why the file takes no writes though it can be read; `nil` when it does. Writes fail with it.
  public var trouble: StoreError?
  /// The damaged file that was there before; `nil` when there was none.
  public var setAside: SetAside?
  /// What was wrong with the file's log, behind which nothing of it was read; `nil` when it was whole.
  public var logCut: String?

  /// A report of these findings.
  public init(
    isNew: Bool = false, tablesAdded: [String] = [], columnsAdded: [String] = [], indexesAdded: [String] = []
  ) {
    self.isNew = isNew
    self.tablesAdded = tablesAdded
    self.columnsAdded = columnsAdded
    self.indexesAdded = indexesAdded
  }
}

/// How much of a file was looked through for damage when it was opened.
public enum FileCheck: String, Hashable, Sendable {
  /// Nothing: it is new.
  case none
  /// The tables that hold what clients were told is saved: the file is too large for more at a start.
  case part
  /// All of it.
  case whole
}

/// What a commit leaves behind.
public struct BatchReport: Hashable, Sendable {
  /// Rows committed.
  public var rows: Int
  /// Pages in the write-ahead log now; `checkpoint()` is due from about a thousand.
  public var logPages: Int

  /// A report of these numbers.
  public init(rows: Int, logPages: Int) {
    self.rows = rows
    self.logPages = logPages
  }
}

/// What a checkpoint did.
public struct CheckpointReport: Hashable, Sendable {
  /// Pages that were in the write-ahead log.
  public var logPages: Int
  /// Pages of it now in the file; fewer than `logPages` while a reader needs the older state.
  public var copiedPages: Int
}

/// The daemon's SQLite file.
///
/// Every call blocks on the disk: never call one on the loop. The value is `Sendable` so that pool jobs can
/// carry it; the connections inside are not, and each is confined to a lock that only these methods take.
/// Core keeps at most one writing job in flight, so the writer's lock is never waited for; the reader has its
/// own, so queries go on while a batch commits, on a snapshot of their own (WAL).
///
/// A file that can be read but not written (read-only, full disk, another writer's lock, damage found) opens all
/// the same: reads go on, and writes fail with `report.trouble`, each trying first whether it has passed.
/// The instance lock is not here: it is the reactor's.
public final class Database: Sendable {
  /// What opening found.
  public let report: OpenReport
  private let options: DatabaseOptions
  private let writer: Mutex<WriterState>
  /// Empty for `:memory:`, whose content only its own connection sees.
  private let reader: Mutex<Connection?>

  private struct WriterState: ~Copyable {
    var writer: Writer?
    /// Why there is no writer.
    var trouble: StoreError?
  }

  /// Opens the file, makes it if there is none (its directory must exist), brings its tables up to the
  /// register and prepares every write.
  public init(_ options: DatabaseOptions) throws(StoreError) {
    var report = OpenReport()
    let writer = try Opening.writer(options, into: &report)
    let reader = try Opening.reader(options, trouble: report.trouble)
    self.report = report
    self.options = options
    self.writer = Mutex(WriterState(writer: writer, trouble: report.trouble))
    self.reader = Mutex(reader)
  }

  /// Applies `batch`: all its rows are committed, or none and the error says why.
  public func apply(_ batch: Batch) throws(StoreError) -> BatchReport {
    try write { (writer) throws(StoreError) in
      try writer.apply(batch)
      return BatchReport(rows: batch.count, logPages: writer.logPages)
    }
  }

  /// Copies the write-ahead log into the file as far as readers allow, without waiting for them.
  public func checkpoint() throws(StoreError) -> CheckpointReport {
    try write { (writer) throws(StoreError) in
      try writer.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
    }
  }

  /// Does one slice of a retention sweep; `pruneDays` is the configuration's `db.prune_days`. When the log has
  /// grown, the slice copies it instead and is to be done again.
  public func sweep(from cursor: RetentionCursor, pruneDays: Int, now: WallTime) throws(StoreError)
    -> RetentionSlice
  {
    try write { (writer) throws(StoreError) in
      if writer.isCheckpointDue {
        _ = try writer.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        return RetentionSlice(removed: 0, next: cursor)
      }
      return try RetentionSweep.slice(cursor, now: now, pruneDays: pruneDays, on: writer.connection)
    }
  }

  /// Gives at most `pagesMax` freed pages back to the file system; how many are left to give. Files of the
  /// original cannot shrink in place and always say 0: their freed pages are used again. When the log has grown,
  /// the call copies it instead.
  public func reclaim(pagesMax: Int) throws(StoreError) -> Int {
    try write { (writer) throws(StoreError) in
      if writer.isCheckpointDue {
        _ = try writer.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        return try writer.connection.reclaim(pagesMax: 0)
      }
      return try writer.connection.reclaim(pagesMax: pagesMax)
    }
  }

  /// Writes the log into the file and closes it; later calls fail as `closed`. The file is closed even when
  /// this throws, and what was committed is then found in the log at the next start.
  public func close() throws(StoreError) {
    reader.withLock { $0 = nil }
    let error = writer.withLock { (state) -> StoreError? in
      defer { state = WriterState(writer: nil, trouble: StoreError(.closed, "the database is closed")) }
      do throws(StoreError) {
        _ = try state.writer?.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  /// Closes a damaged file as it lies: its log is neither copied nor removed.
  public func abandon() {
    reader.withLock { $0 = nil }
    writer.withLock { (state) in
      state.writer?.connection.keepLog(true)
      state = WriterState(writer: nil, trouble: StoreError(.closed, "the database is closed"))
    }
  }

  /// Runs `body` on the writing connection.
  func write<Result: Sendable>(
    _ body: (inout Writer) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try writer.withLock { (state) throws(StoreError) in
      if let trouble = state.trouble { try recover(&state, from: trouble) }
      return try body(&state.writer!)
    }
  }

  /// Opens the writer a trouble at start left closed, if the trouble has passed, and a reader beside it: the old
  /// one may be bound to a file that does not change.
  private func recover(_ state: inout WriterState, from trouble: StoreError) throws(StoreError) {
    guard Opening.mayPass(trouble) else { throw trouble }
    var report = OpenReport()
    let writer = try Opening.writer(options, into: &report)
    if let trouble = report.trouble { throw trouble }
    try reader.withLock { (reader) throws(StoreError) in
      reader = try Opening.reader(options, trouble: nil)
    }
    state = WriterState(writer: writer, trouble: nil)
  }

  /// Runs a query on the reading connection.
  func read<Result: Sendable>(
    _ body: (borrowing Connection) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let read = try reader.withLock { (reader) throws(StoreError) -> Result? in
      reader == nil ? nil : try body(reader!)
    }
    if let read { return read }
    return try write { (writer) throws(StoreError) in try body(writer.connection) }
  }
}
