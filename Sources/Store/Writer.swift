import CSQLite

/// The one connection that writes: applies batches, checkpoints, sweeps.
///
/// `Database` keeps it behind its lock, so there is one user at a time.
struct Writer: ~Copyable {
  /// The most kinds of writes kept prepared; the register is far shorter, and longer would be our own bug.
  static let statementsMax = 64

  /// Pages in the log from which on upkeep copies it: a few milliseconds' work.
  static let checkpointPages = 1_000

  /// The places of the statements around a transaction, which double as their identities.
  private static let begin: UInt = 0
  private static let commit: UInt = 1

  let connection: Connection
  /// Prepared writes, `identities.count` of them; the pointer's memory is this value's own.
  private let statements: UnsafeMutablePointer<Statement>
  private var identities: [UInt] = []
  /// Whether `synchronous` is FULL now; `nil` before it was ever set.
  private var isFull: Bool?
  /// Pages in the log when a checkpoint could not copy all of it.
  private var uncopied = 0
  /// Pages in the write-ahead log after the last commit, kept by a hook of SQLite's.
  private let walPages: UnsafeMutablePointer<Int32>

  /// Takes over an opened and migrated connection and prepares every write of the register.
  init(_ connection: consuming Connection) throws(StoreError) {
    self.connection = connection
    statements = .allocate(capacity: Writer.statementsMax)
    walPages = .allocate(capacity: 1)
    walPages.initialize(to: 0)
    sqlite3_wal_hook(
      self.connection.handle,
      { context, _, _, pages in
        context?.storeBytes(of: pages, as: Int32.self)
        return SQLITE_OK
      }, walPages)
    try keep("BEGIN IMMEDIATE", identity: Writer.begin)
    try keep("COMMIT", identity: Writer.commit)
    for write in Write.all {
      do {
        _ = try place(of: write)
      } catch {
        // The file has the columns but not, say, the primary key that the write relies on.
        throw StoreError(.incompatible, "table \(write.table.name): \(error.message)")
      }
    }
  }

  deinit {
    sqlite3_wal_hook(connection.handle, nil, nil)
    statements.deinitialize(count: identities.count)
    statements.deallocate()
    walPages.deallocate()
  }

  /// Pages in the write-ahead log after the last commit.
  var logPages: Int { Int(walPages.pointee) }

  /// Whether enough has been added to the log, since it was last copied as far as readers allowed, to copy it.
  var isCheckpointDue: Bool { logPages - uncopied >= Writer.checkpointPages }

  /// Copies the write-ahead log into the file.
  mutating func checkpoint(_ mode: Int32) throws(StoreError) -> CheckpointReport {
    let report = try connection.checkpoint(mode)
    uncopied = report.copiedPages < report.logPages ? report.logPages : 0
    // The next commit begins the log again, or goes on behind what a reader still needs.
    if uncopied == 0 { walPages.pointee = 0 }
    return report
  }

  /// Applies `batch` in one transaction.
  mutating func apply(_ batch: Batch) throws(StoreError) {
    guard !batch.isEmpty else { return }
    if connection.isMoved { throw StoreError(.readOnly, "the file was moved, removed or replaced") }
    try setSynchronous(isFull: batch.isDurable)
    var places: [Int] = []
    for write in batch.writes { places.append(try place(of: write)) }
    let statements = statements
    let cellCounts = batch.writes.map(\.cells)
    try transaction { () throws(StoreError) in
      try batch.cells.withUnsafeBufferPointer { (cells) throws(StoreError) in
        var first = 0
        for row in batch.rows {
          let count = cellCounts[Int(row)]
          // Slices of the buffer, not of the array: no reference counting per row.
          try Writer.run(statements + places[Int(row)], cells[first..<first + count])
          first += count
        }
      }
    }
  }

  /// Runs `body` in one write transaction: all of it is committed or none.
  private func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try statements[Int(Writer.begin)].run()
    do {
      try body()
      try statements[Int(Writer.commit)].run()
    } catch {
      connection.rollback()
      throw error
    }
  }

  private static func run(
    _ statement: UnsafeMutablePointer<Statement>, _ cells: Slice<UnsafeBufferPointer<Batch.Cell>>
  ) throws(StoreError) {
    var index: Int32 = 0
    for cell in cells {
      index += 1
      switch cell {
      case .null: try statement.pointee.bindNull(at: index)
      case .integer(let value): try statement.pointee.bind(value, at: index)
      case .real(let value): try statement.pointee.bind(value, at: index)
      case .text(let value): try statement.pointee.bind(value, at: index)
      case .address(let value): try statement.pointee.bind(value, at: index)
      }
    }
    try statement.pointee.run()
  }

  /// Where the prepared statement of `write` lies, prepared now if it never was.
  private mutating func place(of write: Write) throws(StoreError) -> Int {
    if let known = identities.firstIndex(of: write.identity) { return known }
    try keep(write.text, identity: write.identity)
    let place = identities.count - 1
    precondition(statements[place].parameterCount == write.cells, "a write's cells and its SQL disagree")
    return place
  }

  /// Prepares `sql` and puts it last.
  private mutating func keep(_ sql: String, identity: UInt) throws(StoreError) {
    precondition(identities.count < Writer.statementsMax, "more writes than statementsMax")
    (statements + identities.count).initialize(
      to: try Statement(sql, on: connection.handle, isKept: true))
    identities.append(identity)
  }

  private mutating func setSynchronous(isFull wanted: Bool) throws(StoreError) {
    guard isFull != wanted else { return }
    try connection.execute(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL")
    isFull = wanted
  }
}
