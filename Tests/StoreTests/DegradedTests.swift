// A file that cannot be written is read all the same, says why, and takes writes again when it can.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct DegradedTests {
  /// A closed file with ten accounts.
  private func filled() throws -> Scratch {
    let scratch = try Scratch()
    let database = try scratch.open()
    _ = try database.apply(batch(0..<10))
    try database.close()
    return scratch
  }

  /// Sets this thread's identity for file access; without the right to, it stays as it is, which for anybody
  /// but root is what the tests need. Not in the C module's headers, so it is looked up.
  private func accessFiles(as user: uid_t) throws {
    typealias Call = @convention(c) (uid_t) -> Int32
    let symbol = try #require(dlsym(nil, "setfsuid"))
    _ = unsafeBitCast(symbol, to: Call.self)(user)
  }

  /// The file and its directory without write access, for root too: access checks use the thread's fsuid.
  @Test func aReadOnlyFileIsReadAndTakesWritesAgain() throws {
    let scratch = try filled()
    chmod(scratch.file, 0o444)
    chmod(scratch.path, 0o755)
    let before = try contents(scratch.file)
    try accessFiles(as: 65_534)
    let database = try scratch.open()
    #expect(database.report.trouble?.kind == .readOnly)
    #expect(try everyone(database).count == 10)
    let more = batch(10..<13)
    #expect(failure { () throws(StoreError) in _ = try database.apply(more) }?.kind == .readOnly)
    #expect(failure { () throws(StoreError) in _ = try database.checkpoint() }?.kind == .readOnly)
    let new = failure { () throws(StoreError) in
      _ = try Database(DatabaseOptions(path: "\(scratch.path)/new.db"))
    }
    #expect(new?.kind == .cannotOpen)
    #expect(new?.message.contains("directory not writable") == true)
    #expect(try contents(scratch.file) == before)

    try accessFiles(as: geteuid())
    chmod(scratch.file, 0o644)
    #expect(try database.apply(more).rows == 3)
    #expect(try everyone(database).count == 13)
    try database.close()
    #expect(failure { () throws(StoreError) in _ = try database.apply(more) }?.kind == .closed)
  }

  /// A name SQLite's URIs would misread.
  @Test func aReadOnlyFileMayHaveAnyName() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/a?b#c%41 é.db"
    let made = try Database(DatabaseOptions(path: path))
    _ = try made.apply(batch(0..<3))
    try made.close()
    chmod(path, 0o444)
    chmod(scratch.path, 0o755)
    try accessFiles(as: 65_534)
    defer { try? accessFiles(as: geteuid()) }
    let database = try Database(DatabaseOptions(path: path))
    #expect(try everyone(database).count == 3)
  }

  /// Opening needs no write lock unless the file has to be migrated; then it waits its turn with the reads open.
  @Test func aLockedFileThatHasToBeMigratedIsReadMeanwhile() throws {
    let scratch = try filled()
    try raw(scratch.file, "DROP TABLE liquidation_events")
    let other = try Raw(scratch.file)
    try other.run("BEGIN IMMEDIATE")
    var options = DatabaseOptions(path: scratch.file)
    options.busyMs = 20
    let database = try Database(options)
    #expect(database.report.trouble?.kind == .locked)
    #expect(try everyone(database).count == 10)
    #expect(failure { () throws(StoreError) in _ = try database.apply(batch(0..<1)) }?.kind == .locked)
    try other.run("ROLLBACK")
    #expect(try database.apply(batch(10..<11)).rows == 1)
    #expect(try everyone(database).count == 11)
    #expect(try rows(scratch.file, "SELECT count(*) FROM liquidation_events") == ["0"])
  }

  /// Nothing is acknowledged that goes into a file nobody will find again; put back, it takes writes again.
  @Test func aFileMovedAwayIsNotWrittenTo() throws {
    let scratch = try filled()
    let database = try scratch.open()
    #expect(try everyone(database).count == 10)
    rename(scratch.file, "\(scratch.path)/elsewhere.db")
    let error = failure { () throws(StoreError) in _ = try database.apply(batch(10..<11, isDurable: true)) }
    #expect(error?.kind == .readOnly && error?.message.contains("moved") == true)
    #expect(try everyone(database).count == 10)
    rename("\(scratch.path)/elsewhere.db", scratch.file)
    #expect(try database.apply(batch(10..<11, isDurable: true)).rows == 1)
    unlink(scratch.file)
    #expect(failure { () throws(StoreError) in _ = try database.apply(batch(11..<12)) }?.kind == .readOnly)
  }

  @Test func aFileLeftOpenIsLookedThrough() async throws {
    let scratch = try filled()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.file as String] in
      let database = try Database(DatabaseOptions(path: path))
      _ = try database.apply(batch(10..<20))
      kill(getpid(), SIGKILL)
    }
    let database = try scratch.open()
    #expect(database.report.wasLeftOpen && database.report.check == .whole)
    #expect(database.report.trouble == nil)
    try database.close()
    let again = try scratch.open()
    #expect(again.report == OpenReport.unchanged)
  }

  /// Damage found after a crash: what is whole is read, nothing is written into the damage.
  @Test func damageFoundAfterACrashKeepsTheFileFromWrites() async throws {
    let scratch = try filled()
    try raw(
      scratch.file, "INSERT INTO watched_wallets (address, label) VALUES ('0xabc', 'mine')",
      "PRAGMA wal_checkpoint(TRUNCATE)")
    let root = Int(try rows(scratch.file, "SELECT rootpage FROM sqlite_schema WHERE name = 'addresses'")[0])!
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.file as String] in
      let database = try Database(DatabaseOptions(path: path))
      var batch = Batch()
      batch.add(MetadataEntry(key: "k", value: "v"))
      _ = try database.apply(batch)
      kill(getpid(), SIGKILL)
    }
    let file = try #require(fopen(scratch.file, "r+"))
    fseek(file, (root - 1) * 4096, SEEK_SET)
    let junk = [UInt8](repeating: 0x5a, count: 4096)
    #expect(fwrite(junk, 1, junk.count, file) == junk.count)
    fclose(file)

    let database = try scratch.open()
    #expect(database.report.trouble?.kind == .corrupt)
    #expect(failure { () throws(StoreError) in _ = try database.apply(batch(0..<1)) }?.kind == .corrupt)
    let state = try database.loadAll(StoredLimits(), now: WallTime(ms: 0))
    #expect(state.watched.map(\.label) == ["mine"])
    #expect(state.addresses.isEmpty && state.unread.map(\.kind) == [.corrupt])
    #expect(state.opened.trouble?.kind == .corrupt)
  }

  @Test func aLargeFileLeftOpenIsLookedThroughInPart() async throws {
    let scratch = try filled()
    let count = Int(Opening.checkedMaxBytes / 1_000) + 1_000
    try raw(
      scratch.file,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO metadata SELECT i, hex(zeroblob(500)) FROM n
      """)
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.file as String] in
      let database = try Database(DatabaseOptions(path: path))
      _ = try database.apply(batch(10..<20))
      kill(getpid(), SIGKILL)
    }
    let database = try scratch.open()
    #expect(database.report.check == .part && database.report.trouble == nil)
  }
}
