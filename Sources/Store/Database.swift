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
/// The instance lock is not here: it is the reactor's.
public final class Database: Sendable {
  /// What opening found.
  public let report: OpenReport
  private let writer: Mutex<Writer?>
  /// Empty for `:memory:`, whose content only its own connection sees.
  private let reader: Mutex<Connection?>

  /// Opens the file, makes it if there is none (its directory must exist), brings its tables up to the
  /// register and prepares every write.
  public init(_ options: DatabaseOptions) throws(StoreError) {
    let connection = try Connection(path: options.path, mode: .write, busyMs: options.busyMs)
    report = try Database.prepare(connection, options)
    writer = Mutex(try Writer(connection))
    reader = Mutex(
      options.path == ":memory:"
        ? nil : try Connection(path: options.path, mode: .read, busyMs: options.busyMs))
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
      try writer.connection.checkpoint(SQLITE_CHECKPOINT_PASSIVE)
    }
  }

  /// Does one slice of a retention sweep; `pruneDays` is the configuration's `db.prune_days`.
  public func sweep(from cursor: RetentionCursor, pruneDays: Int, now: WallTime) throws(StoreError)
    -> RetentionSlice
  {
    try write { (writer) throws(StoreError) in
      try RetentionSweep.slice(cursor, now: now, pruneDays: pruneDays, on: writer.connection)
    }
  }

  /// Gives at most `pagesMax` freed pages back to the file system; how many are left to give. Files of the
  /// original cannot shrink in place and always say 0: their freed pages are used again.
  public func reclaim(pagesMax: Int) throws(StoreError) -> Int {
    try write { (writer) throws(StoreError) in
      guard try writer.connection.integer("PRAGMA auto_vacuum") == 2 else { return 0 }
      try writer.connection.execute("PRAGMA incremental_vacuum(\(max(1, pagesMax)))")
      return Int(try writer.connection.integer("PRAGMA freelist_count") ?? 0)
    }
  }

  /// Writes the log into the file and closes it; later calls fail as `closed`. The file is closed even when
  /// this throws, and what was committed is then found in the log at the next start.
  public func close() throws(StoreError) {
    reader.withLock { $0 = nil }
    let error = writer.withLock { (writer) -> StoreError? in
      defer { writer = nil }
      do throws(StoreError) {
        _ = try writer?.connection.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  /// Runs `body` on the writing connection.
  func write<Result: Sendable>(
    _ body: (inout Writer) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try writer.withLock { (writer) throws(StoreError) in
      guard writer != nil else { throw StoreError(.closed, "the database is closed") }
      return try body(&writer!)
    }
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

  private static func prepare(
    _ connection: borrowing Connection, _ options: DatabaseOptions
  ) throws(StoreError) -> OpenReport {
    let isNew = try connection.integer("PRAGMA page_count") == 0
    if connection.isReadOnly { throw StoreError(.readOnly, "opening \(options.path): no write access") }
    // Only a file without tables takes this, and only before anything else is written to it.
    if isNew { try connection.execute("PRAGMA auto_vacuum=INCREMENTAL") }
    let mode = try connection.text("PRAGMA journal_mode=WAL") ?? ""
    guard mode == "wal" || options.path == ":memory:" else {
      throw StoreError(.cannotOpen, "opening \(options.path): journal mode stays \(mode)")
    }
    try connection.execute("PRAGMA wal_autocheckpoint=0")
    // A log that once grew large is cut back to this after a checkpoint.
    try connection.execute("PRAGMA journal_size_limit=67108864")
    try connection.execute("PRAGMA trusted_schema=OFF")
    if let pages = options.pagesMax { try connection.execute("PRAGMA max_page_count=\(pages)") }
    let changes = try Migration.run(on: connection)
    if isNew { return OpenReport(isNew: true) }
    return OpenReport(
      tablesAdded: changes.tables, columnsAdded: changes.columns, indexesAdded: changes.indexes)
  }
}

extension Connection {
  /// Copies the write-ahead log into the file.
  func checkpoint(_ mode: Int32) throws(StoreError) -> CheckpointReport {
    var log: Int32 = 0
    var copied: Int32 = 0
    let code = sqlite3_wal_checkpoint_v2(handle, nil, mode, &log, &copied)
    guard code == SQLITE_OK else { throw StoreError(code: code, connection: handle, doing: "checkpointing") }
    return CheckpointReport(logPages: Int(max(0, log)), copiedPages: Int(max(0, copied)))
  }
}
