import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// How a file is opened: for writing if it can be, else for reading only with the reason why.
enum Opening {
  /// The largest file looked through whole at a start: a fraction of a second.
  static let checkedMaxBytes: Int64 = 16 << 20

  /// The writer with the file migrated, or `nil` with `report.trouble` set when it can only be read.
  static func writer(_ options: DatabaseOptions, into report: inout OpenReport) throws(StoreError) -> Writer?
  {
    let isMemory = options.path == ":memory:"
    report.wasLeftOpen = !isMemory && logBytes(options) > 0
    do throws(StoreError) {
      let connection = try Connection(options, mode: .write)
      try prepare(connection, options, into: &report)
      connection.keepLog(false)
      return try Writer(connection)
    } catch {
      // Damage found by the check lies in some table; damage met before it, in the schema, leaves nothing to read.
      let isInTables = error.kind == .corrupt && report.check != .none
      guard !isMemory, mayPass(error) || isInTables, isReadable(options) else { throw error }
      report.trouble = error
      return nil
    }
  }

  /// Whether a trouble may pass while the process lives, so that opening again is worth a try.
  static func mayPass(_ trouble: StoreError) -> Bool {
    switch trouble.kind {
    case .readOnly, .diskFull, .locked, .io, .outOfMemory, .cannotOpen: true
    case .corrupt, .notADatabase, .incompatible, .constraint, .closed, .misuse: false
    }
  }

  /// A connection for reading; `nil` for `:memory:`.
  static func reader(_ options: DatabaseOptions, trouble: StoreError?) throws(StoreError) -> Connection? {
    if options.path == ":memory:" { return nil }
    let connection = try Connection(options, mode: .read)
    guard trouble != nil else { return connection }
    do throws(StoreError) {
      _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
      return connection
    } catch {
      // A file in a directory that takes no `-shm` file: to be read as one that never changes, which is right
      // only while nothing of it is in a log.
      guard error.kind != .locked, logBytes(options) == 0 else { throw error }
      return try Connection(options, mode: .readUnchanging)
    }
  }

  private static func isReadable(_ options: DatabaseOptions) -> Bool {
    do throws(StoreError) {
      guard let reader = try reader(options, trouble: StoreError(.readOnly, "")) else { return false }
      return try reader.integer("SELECT count(*) FROM sqlite_schema") ?? 0 > 0
    } catch {
      return false
    }
  }

  /// Bytes in the file's write-ahead log, which closing in order removes.
  private static func logBytes(_ options: DatabaseOptions) -> Int64 {
    let path = "\(options.path)-wal"
    if let vfs = options.vfs.flatMap({ sqlite3_vfs_find($0) }) {
      // One that cannot say how long its files are is asked whether it has this one.
      var isThere: Int32 = 0
      _ = vfs.pointee.xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &isThere)
      return Int64(isThere)
    }
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  private static func prepare(
    _ connection: borrowing Connection, _ options: DatabaseOptions, into report: inout OpenReport
  ) throws(StoreError) {
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
    try connection.execute("PRAGMA cell_size_check=ON")
    if let pages = options.pagesMax { try connection.execute("PRAGMA max_page_count=\(pages)") }
    report.isNew = isNew
    // Before anything is written into it.
    let isFile = options.path != ":memory:"
    if isFile, !isNew, report.wasLeftOpen || options.vfs == nil { try check(connection, into: &report) }
    let changes = try Migration.run(on: connection)
    guard !isNew else { return }
    report.tablesAdded = changes.tables
    report.columnsAdded = changes.columns
    report.indexesAdded = changes.indexes
  }

  /// Looks a file through: SQLite recovers it from its log, but not from a disk that lost or changed what it had
  /// confirmed.
  private static func check(
    _ connection: borrowing Connection, into report: inout OpenReport
  ) throws(StoreError) {
    let pages = try connection.integer("PRAGMA page_count") ?? 0
    let pageBytes = try connection.integer("PRAGMA page_size") ?? 0
    if pages * pageBytes <= checkedMaxBytes {
      report.check = .whole
      try check(connection, "PRAGMA integrity_check(1)")
    } else {
      report.check = .part
      for table in Table.all where table.holdsClientWords {
        guard try Migration.has(table, connection) else { continue }
        try check(connection, "PRAGMA integrity_check('\(table.name)')")
      }
    }
  }

  private static func check(_ connection: borrowing Connection, _ sql: String) throws(StoreError) {
    let found = try connection.text(sql) ?? "ok"
    guard found != "ok" else { return }
    // A page the disk did not give says nothing about what is on it: the next try may read it. SQLite tells the two
    // apart in words only: its I/O errors end in 10 (266 is a failed read).
    let isUnread = ["error code=10", "error code=266", "error code=522"].contains {
      found.contains($0)
    }
    if isUnread { throw StoreError(.io, "looking the file through: \(found)") }
    throw StoreError(.corrupt, "the file is damaged: \(found)")
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

  /// Gives at most `pagesMax` freed pages back to the file system; how many are left to give.
  func reclaim(pagesMax: Int) throws(StoreError) -> Int {
    guard try integer("PRAGMA auto_vacuum") == 2 else { return 0 }
    if pagesMax > 0 { try execute("PRAGMA incremental_vacuum(\(pagesMax))") }
    return Int(try integer("PRAGMA freelist_count") ?? 0)
  }
}
