// When a file is set aside, when not, and what becomes of it.
import Base
import Market
import Testing

@testable import Store

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SetAsideTests {
  private static let now = WallTime(ms: 1_795_390_245_000)

  private func put(_ bytes: some Collection<UInt8>, at path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(Array(bytes), 1, bytes.count, file) == bytes.count)
  }

  /// A closed file with ten accounts, a watched wallet and an alert whose successor was removed.
  private func filled() throws -> Scratch {
    let scratch = try Scratch()
    let database = try scratch.open()
    var words = batch(0..<10, isDurable: true)
    words.add(WatchedWallet(key: "0xabc", label: "mine", addedAt: Self.now, notes: "n", tags: "t"))
    for id in 1...3 as ClosedRange<Int64> {
      words.add(
        WalletAlert(
          id: id, key: "0xabc", alertType: "any_trade", minSizeUsd: 5, coins: "BTC", createdAt: Self.now))
    }
    words.add(RemovedAlert(id: 3))
    _ = try database.apply(words)
    try database.close()
    return scratch
  }

  private func open(_ scratch: Scratch, known: StoreError? = nil) throws(StoreError) -> StoredState {
    var options = DatabaseOptions(path: scratch.file)
    options.setsDamagedAside = true
    options.busyMs = 20
    options.knownDamage = known
    let (database, state) = try Database.openLoaded(options, StoredLimits(), now: Self.now)
    try database.close()
    return state
  }

  /// Spoils the tables of accounts; those with clients' words stay whole.
  private func spoil(_ scratch: Scratch) throws {
    let root = Int(try rows(scratch.file, "SELECT rootpage FROM sqlite_schema WHERE name = 'addresses'")[0])!
    var bytes = try contents(scratch.file)
    for index in (root - 1) * 4_096..<root * 4_096 { bytes[index] = 0x5a }
    try put(bytes, at: scratch.file)
  }

  @Test func whatClientsWereToldComesAlong() throws {
    let scratch = try filled()
    try spoil(scratch)
    let spoilt = try contents(scratch.file)
    let state = try open(scratch)
    let aside = try #require(state.opened.setAside)
    #expect(aside.path == "\(scratch.file).damaged-20261122-233045")
    #expect(aside.reason.contains("malformed") || aside.reason.contains("damaged"))
    #expect(try contents(aside.path) == spoilt)
    #expect(state.addresses.isEmpty && aside.wallets == 1 && aside.alerts == 2)
    #expect(state.watched.map(\.label) == ["mine"] && state.watched.map(\.notes) == ["n"])
    // A number once given is not given again.
    #expect(state.alerts.map(\.id) == [1, 2] && state.lastAlertID == 3)
    let again = try open(scratch)
    #expect(again.opened.setAside == nil && again.watched == state.watched && again.lastAlertID == 3)
  }

  @Test func afterFourFilesAPersonIsNeeded() throws {
    let scratch = try filled()
    let good = try contents(scratch.file)
    for _ in 0..<Damage.keptMax {
      try put(good, at: scratch.file)
      try spoil(scratch)
      #expect(try open(scratch).opened.setAside != nil)
    }
    try put(good, at: scratch.file)
    try spoil(scratch)
    let spoilt = try contents(scratch.file)
    let error = failure { () throws(StoreError) in _ = try open(scratch) }
    #expect(error?.kind == .corrupt && error?.message.contains("4 damaged files") == true)
    #expect(try contents(scratch.file) == spoilt)
    let kept = Scratch.list(scratch.path).filter { $0.contains(Damage.mark) && !$0.hasSuffix("-shm") }
    #expect(kept.filter { !$0.hasSuffix("-wal") }.count == Damage.keptMax)
  }

  /// Somebody else's file under a path written wrongly is refused, not moved.
  @Test func aFileThatNeverWasOursStaysWhereItIs() throws {
    let scratch = try Scratch()
    let text = Array("This is a letter, not a database.\n".utf8)
    try put(text, at: scratch.file)
    let error = failure { () throws(StoreError) in _ = try open(scratch) }
    #expect(error?.kind == .notADatabase)
    #expect(Scratch.list(scratch.path) == ["data.db"])
    #expect(try contents(scratch.file) == text)
  }

  @Test func locksAndMissingFoldersAreNoDamage() throws {
    let scratch = try filled()
    let other = try Raw(scratch.file)
    try other.run("PRAGMA locking_mode=EXCLUSIVE")
    try other.run("UPDATE metadata SET value = value")
    #expect(failure { () throws(StoreError) in _ = try open(scratch) }?.kind == .locked)
    other.close()
    #expect(try open(scratch).addresses.count == 10)
    #expect(!Scratch.list(scratch.path).contains { $0.contains(Damage.mark) })
  }

  /// A log whose file is gone: SQLite would remove it without a word.
  @Test func aLogWithoutItsFileIsSetAside() throws {
    let scratch = try Scratch()
    let log = [UInt8](repeating: 7, count: 5_000)
    try put(log, at: "\(scratch.file)-wal")
    let aside = try #require(try open(scratch).opened.setAside)
    #expect(try contents("\(aside.path)-wal") == log)
  }

  /// Damage met while the file was in use: set aside without another look, and nothing taken from it.
  @Test func knownDamageIsSetAsideUnseen() throws {
    let scratch = try filled()
    let state = try open(scratch, known: StoreError(.corrupt, "met by a question"))
    #expect(state.opened.setAside?.reason == "met by a question")
    #expect(state.addresses.isEmpty && state.watched.isEmpty && state.alerts.isEmpty)
  }

  /// One letter changed in the schema would have a column added anew, empty.
  @Test(arguments: [("label", "lacel"), ("watched_wallets", "watched_vallets")])
  func aChangedNameInTheSchemaIsDamage(_ name: String, _ changed: String) throws {
    let scratch = try filled()
    try raw(
      scratch.file, "PRAGMA writable_schema=ON",
      "UPDATE sqlite_schema SET sql = replace(sql, '\(name)', '\(changed)'), name = replace(name, '\(name)', "
        + "'\(changed)'), tbl_name = replace(tbl_name, '\(name)', '\(changed)') WHERE tbl_name = 'watched_wallets'"
    )
    #expect(try open(scratch).opened.setAside != nil)
  }
}
