import CSQLite
import Synchronization

/// A wish to stop that may come from a signal handler: set there, looked at between two steps of long work.
public final class StopFlag: Sendable {
  private let flag = Atomic(false)

  /// Not set.
  public init() {}

  /// Whether it was set.
  public var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Sets it; safe in a signal handler.
  public func set() { flag.store(true, ordering: .relaxed) }
}

/// A consistent copy of a database somebody else is writing to.
///
/// SQLite's backup interface, a few pages a step, all steps inside one read transaction of ours. The transaction is what
/// makes it work beside a daemon that commits every second: without it every commit of another process begins the
/// copy anew, with it all steps see the moment the transaction began, and the writer is never waited for or made to
/// wait (WAL). `VACUUM INTO` would hold the same transaction for longer, since it builds every table and index anew.
/// The price of either: while it runs, the log cannot begin from its start again, so it grows by what is committed.
/// Bounds: `stepPages` pages between two looks at the stop flag; SQLite's page caches of 2 MB.
public enum Backup {
  /// 1 MiB.
  public static let stepPages: Int32 = 256

  /// What was copied.
  public struct Copied: Hashable, Sendable {
    /// Pages in the copy.
    public var pages = 0
    /// Bytes in the copy.
    public var bytes: Int64 = 0
  }

  /// A table of a file and how many rows it holds.
  public struct TableRows: Hashable, Sendable {
    /// The table.
    public var table: String
    /// Its rows.
    public var rows: Int
  }

  /// The bytes a copy of `path` would take now.
  public static func size(of path: String) throws(StoreError) -> Int64 {
    let source = try source(path)
    let pages = try source.integer("PRAGMA page_count") ?? 0
    return pages * (try source.integer("PRAGMA page_size") ?? 0)
  }

  /// Copies the database at `path`, as it is now, into the empty file `copy`; `nil` when `stop` was set meanwhile.
  /// `pagesMax` bounds the copy and `eachStep` is called after every step, for tests.
  public static func copy(_ path: String, to copy: String, stop: StopFlag) throws(StoreError) -> Copied? {
    try Backup.copy(path, to: copy, stop: stop, pagesMax: nil, eachStep: {})
  }

  static func copy(
    _ path: String, to copy: String, stop: StopFlag, pagesMax: Int64?, eachStep: () -> Void
  ) throws(StoreError) -> Copied? {
    let source = try source(path)
    let target = try Connection(path: copy, mode: .write, busyMs: 0)
    // The copy counts only when it is whole, checked and synced by the caller: no journal, no syncs on the way.
    try target.execute("PRAGMA journal_mode=OFF")
    try target.execute("PRAGMA synchronous=OFF")
    if let pagesMax { try target.execute("PRAGMA max_page_count=\(pagesMax)") }
    try source.execute("BEGIN")
    // What begins the read transaction, and with it the moment of the copy.
    guard try source.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'metadata'") == 1 else {
      throw StoreError(.incompatible, "\(path) holds none of this program's tables")
    }
    guard let backup = sqlite3_backup_init(target.handle, "main", source.handle, "main") else {
      throw StoreError(
        code: sqlite3_extended_errcode(target.handle), connection: target.handle, doing: "copying \(path)")
    }
    var code = SQLITE_OK
    while code == SQLITE_OK, !stop.isSet {
      code = sqlite3_backup_step(backup, stepPages)
      eachStep()
    }
    let pages = Int(sqlite3_backup_pagecount(backup))
    let finished = sqlite3_backup_finish(backup)
    if code == SQLITE_OK, stop.isSet { return nil }
    guard code == SQLITE_DONE, finished == SQLITE_OK else {
      throw StoreError(
        code: code == SQLITE_DONE ? finished : code, connection: target.handle, doing: "copying to \(copy)")
    }
    return Copied(pages: pages, bytes: Int64(pages) * (try source.integer("PRAGMA page_size") ?? 0))
  }

  /// Looks a finished copy through and counts its rows; `nil` when `stop` was set meanwhile. `isQuick` leaves out whether
  /// indexes and tables agree. The copy must belong to nobody else: it is read as a file that never changes, so that
  /// no log is made beside it.
  public static func verify(
    _ copy: String, isQuick: Bool, stop: StopFlag
  ) throws(StoreError) -> [TableRows]? {
    do throws(StoreError) {
      let connection = try Connection(path: copy, mode: .readUnchanging, busyMs: 0)
      connection.interrupt(with: stop)
      let found = try connection.text("PRAGMA \(isQuick ? "quick_check" : "integrity_check")(1)") ?? "ok"
      guard found == "ok" else { throw StoreError(.corrupt, "the copy is damaged: \(found)") }
      var counts: [TableRows] = []
      for table in Table.all {
        guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = '\(table.name)'") == 1
        else { continue }
        let rows = try connection.integer("SELECT count(*) FROM \(table.name)") ?? 0
        counts.append(TableRows(table: table.name, rows: Int(rows)))
      }
      return counts
    } catch {
      if stop.isSet { return nil }
      throw error
    }
  }

  private static func source(_ path: String) throws(StoreError) -> Connection {
    // As of a file with a trouble: so that one in a folder without write access can be copied, too.
    let options = DatabaseOptions(path: path)
    guard let source = try Opening.reader(options, trouble: StoreError(.readOnly, "")) else {
      throw StoreError(.cannotOpen, "\(path) is no file")
    }
    return source
  }
}

extension Connection {
  /// Instructions of SQLite's between two looks at a stop flag: well below a millisecond.
  private static let instructions: Int32 = 10_000

  /// Has every statement fail soon after `stop` is set; the flag must outlive the connection's use.
  borrowing func interrupt(with stop: StopFlag) {
    sqlite3_progress_handler(
      handle, Connection.instructions,
      { context in
        guard let context else { return 0 }
        return Unmanaged<StopFlag>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.isSet } ? 1 : 0
      }, Unmanaged.passUnretained(stop).toOpaque())
  }
}
