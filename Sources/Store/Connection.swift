import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// One SQLite connection, closed at the end of its life.
///
/// Opened without SQLite's own mutex: whoever owns the value is its only user (`Database` sees to that).
struct Connection: ~Copyable {
  let handle: OpaquePointer

  /// What a connection may do.
  enum Mode {
    /// Reads and writes; a missing file is made.
    case write
    /// Reads only; a missing file is an error.
    case read
    /// Reads only, without locks or a log: for a file nobody can write to.
    case readUnchanging
  }

  /// Opens `path`. The file itself is first touched by the first statement.
  init(path: String, mode: Mode, busyMs: Int32, vfs: String? = nil) throws(StoreError) {
    var name = path
    var access = mode == .write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    if mode == .readUnchanging {
      name = Connection.unchangingName(path)
      access |= SQLITE_OPEN_URI
    }
    var made: OpaquePointer?
    let code = sqlite3_open_v2(name, &made, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs)
    guard code == SQLITE_OK, let made else {
      var error = StoreError(code: code, connection: made, doing: "opening \(path)")
      if error.kind == .cannotOpen, !Connection.mayCreate(path) {
        error.message += ", directory not writable"
      }
      sqlite3_close_v2(made)
      throw error
    }
    handle = made
    sqlite3_busy_timeout(made, busyMs)
    _ = csqlite_defensive(made)
    if mode == .write { keepLog(true) }
  }

  /// Whether closing the last connection leaves the log as it is: until the file has proved whole.
  func keepLog(_ isKept: Bool) { _ = csqlite_keep_log(handle, isKept ? 1 : 0) }

  /// Opens the file of `options`.
  init(_ options: DatabaseOptions, mode: Mode) throws(StoreError) {
    try self.init(path: options.path, mode: mode, busyMs: options.busyMs, vfs: options.vfs)
  }

  /// The URI that has SQLite read a file as one that never changes.
  private static func unchangingName(_ path: String) -> String {
    var name = "file:"
    for character in path {
      switch character {
      case "?": name += "%3f"
      case "#": name += "%23"
      case "%": name += "%25"
      default: name.append(character)
      }
    }
    return name + "?immutable=1"
  }

  /// Whether the path's directory takes new files. SQLite tries a second time without write access, so its
  /// own words for a directory without permission are that there is no such file.
  private static func mayCreate(_ path: String) -> Bool {
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "."
    return faccessat(AT_FDCWD, String(directory), W_OK, AT_EACCESS) == 0 || errno != EACCES
  }

  deinit { sqlite3_close_v2(handle) }

  /// Whether the file was opened without write access, which SQLite falls back to silently.
  var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Whether the file was removed, moved or replaced since it was opened: SQLite would go on writing to what nobody
  /// will find again.
  var isMoved: Bool {
    var moved: Int32 = 0
    let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
    return code == SQLITE_OK && moved != 0
  }

  /// Rows the last statement changed.
  var changes: Int { Int(sqlite3_changes64(handle)) }

  /// Compiles `sql`.
  func prepare(_ sql: String) throws(StoreError) -> Statement {
    try Statement(sql, on: handle)
  }

  /// Runs SQL without parameters, dropping its rows.
  func execute(_ sql: String) throws(StoreError) {
    let statement = try prepare(sql)
    while try statement.step() {}
  }

  /// The first column of the first row as an integer; `nil` without a row.
  func integer(_ sql: String) throws(StoreError) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : nil
  }

  /// The first column of the first row as text; `nil` without a row or for NULL.
  func text(_ sql: String) throws(StoreError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// Runs `body` in one write transaction: all of it is committed or none.
  func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      rollback()
      throw error
    }
  }

  /// Ends a failed transaction. Some failures (disk full, I/O) have done it already, and a second failure
  /// here would say nothing that the first did not.
  func rollback() {
    if isInTransaction { try? execute("ROLLBACK") }
  }
}
