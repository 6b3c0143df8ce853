// Old rows go, young rows stay, and no slice does more than its share.
import Base
import Market
import Testing

@testable import Store

@Suite struct RetentionTests {
  private static let nowS = 1_800_000_000.0
  private static let now = WallTime(ms: 1_800_000_000_000)
  private static let day = 86_400.0

  /// Sweeps until the end; what each slice removed.
  private func sweep(_ database: Database, pruneDays: Int = 7) throws -> [Int] {
    var removed: [Int] = []
    var cursor: RetentionCursor? = .start
    while let from = cursor {
      let slice = try database.sweep(from: from, pruneDays: pruneDays, now: Self.now)
      removed.append(slice.removed)
      cursor = slice.next
      try #require(removed.count < 5_000, "the sweep does not end")
    }
    return removed
  }

  private func insert(_ scratch: Scratch, _ table: String, _ columns: String, _ values: [String]) throws {
    let connection = try Raw(scratch.file)
    try connection.run("BEGIN")
    for value in values { try connection.run("INSERT INTO \(table) (\(columns)) VALUES (\(value))") }
    try connection.run("COMMIT")
  }

  private func address(_ n: Int) -> String {
    "0x" + String(repeating: "0", count: 40 - String(n).count) + String(n)
  }

  /// Every declared period, a row just inside and one just outside.
  @Test func eachTableKeepsItsPeriod() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let periods: [(table: String, column: String, keys: String, days: Double)] = [
      ("positions", "updated_at", "address, coin", 1),
      ("hlp_snapshots", "snapshot_at", "vault_address, coin", 3),
      ("pnl_snapshots", "snapshot_at", "address, equity", 3),
      ("position_changes", "detected_at", "address, coin", 7),
      ("funding_history", "recorded_at", "coin, rate", 90),
      ("oi_history", "recorded_at", "coin, oi_usd", 90),
      ("volume_history", "recorded_at", "coin, volume_usd", 90),
      ("liquidation_events", "occurred_at", "coin, size_usd", 90),
    ]
    for period in periods {
      let edge = Self.nowS - period.days * Self.day
      try insert(
        scratch, period.table, "\(period.keys), \(period.column)",
        ["'old', 1, \(edge - 1)", "'young', 2, \(edge)", "'new', 3, \(Self.nowS)"])
    }
    #expect(try sweep(database, pruneDays: 3).reduce(0, +) == periods.count)
    for period in periods {
      let key = period.keys.split(separator: ",")[0]
      #expect(try rows(scratch.file, "SELECT \(key) FROM \(period.table) ORDER BY 1") == ["new", "young"])
    }
    #expect(Table.all.filter { $0.retention != nil }.count == periods.count + 2)
  }

  @Test func silentAddressesGoWithTheirProfilesAndTrades() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let old = Self.nowS - 31 * Self.day
    try insert(
      scratch, "addresses", "address, last_seen, tier",
      [
        "'silent', \(old), 3", "'whale', \(old), 1", "'middle', \(old), 2", "'active', \(Self.nowS), 3",
        "'watched', \(old), 3", "'unwatched', \(old), 3",
      ])
    try insert(
      scratch, "watched_wallets", "address, is_active", ["'watched', 1", "'unwatched', 0"])
    let names = ["silent", "whale", "middle", "active", "watched", "unwatched"]
    try insert(scratch, "wallet_profiles", "address", names.map { "'\($0)'" })
    try insert(scratch, "wallet_trades", "address, coin", (names + names).map { "'\($0)', 'BTC'" })
    // Two addresses, two profiles, four trades.
    #expect(try sweep(database).reduce(0, +) == 8)
    let kept = ["active", "middle", "watched", "whale"]
    #expect(try rows(scratch.file, "SELECT address FROM addresses ORDER BY 1") == kept)
    #expect(try rows(scratch.file, "SELECT address FROM wallet_profiles ORDER BY 1") == kept)
    #expect(try rows(scratch.file, "SELECT DISTINCT address FROM wallet_trades ORDER BY 1") == kept)
    #expect(try rows(scratch.file, "SELECT count(*) FROM watched_wallets") == ["2"])
  }

  /// Clients may have any wallet profiled: what nobody trades under or watches does not stay for ever.
  @Test func profilesOfWalletsNeverSeenGoWhenOld() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let old = Self.nowS - 31 * Self.day
    try insert(scratch, "addresses", "address, last_seen, tier", ["'known', \(old), 2"])
    try insert(scratch, "watched_wallets", "address, is_active", ["'watched', 1", "'unwatched', 0"])
    let names = ["known", "watched", "unwatched", "asked"]
    try insert(
      scratch, "wallet_profiles", "address, computed_at",
      names.map { "'\($0)', \(old)" } + ["'fresh', \(Self.nowS)"])
    try insert(scratch, "wallet_trades", "address, coin", (names + ["fresh"]).map { "'\($0)', 'BTC'" })
    #expect(try sweep(database).reduce(0, +) == 4)
    for table in ["wallet_profiles", "wallet_trades"] {
      #expect(
        try rows(scratch.file, "SELECT address FROM \(table) ORDER BY 1") == ["fresh", "known", "watched"])
    }
  }

  /// Times an older file declared as text are compared as numbers.
  @Test func timesDeclaredAsTextAreNumbers() throws {
    let scratch = try Scratch()
    try raw(
      scratch.file,
      """
      CREATE TABLE position_changes (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, coin TEXT, action TEXT,
        side TEXT, size_usd TEXT, price TEXT, detected_at TEXT)
      """,
      "INSERT INTO position_changes (coin, detected_at) VALUES ('old', '999999999.5'), ('new', '\(Self.nowS)')"
    )
    let database = try scratch.open()
    #expect(try sweep(database).reduce(0, +) == 1)
    #expect(try rows(scratch.file, "SELECT coin FROM position_changes") == ["new"])
  }

  /// A log that grew is copied between slices, also while a reader keeps part of it: the sweep goes on.
  @Test func theLogIsCopiedBetweenSlices() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try insert(
      scratch, "position_changes", "coin, detected_at",
      (0..<9_000).map { "'A coin with a name that takes room \($0)', \(Self.nowS - 8 * Self.day)" })
    _ = try database.checkpoint()
    let reader = try Raw(scratch.file)
    try reader.run("BEGIN")
    #expect(try reader.one("SELECT count(*) FROM position_changes") == "9000")
    // Rows of 1970, which the sweep removes too.
    _ = try database.apply(batch(0..<9_000))
    let removed = try sweep(database)
    #expect(removed.contains(0) && removed.reduce(0, +) == 18_000)
    try reader.run("COMMIT")
    let report = try database.checkpoint()
    #expect(report.copiedPages == report.logPages)
  }

  @Test func aSliceRemovesNoMoreThanItsShare() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let old = Self.nowS - 100 * Self.day
    try insert(
      scratch, "positions", "address, coin, updated_at",
      (0..<6_000).map { "'\($0)', 'BTC', \($0 % 3 == 0 ? old : Self.nowS)" })
    let removed = try sweep(database)
    #expect(removed.reduce(0, +) == 2_000)
    #expect(removed.allSatisfy { $0 <= RetentionSweep.removedMax })
    #expect(removed.count > 4)
    #expect(try rows(scratch.file, "SELECT count(*) FROM positions") == ["4000"])
  }

  @Test func anAddressWithManyTradesTakesSeveralSlices() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let old = Self.nowS - 40 * Self.day
    try insert(
      scratch, "addresses", "address, last_seen, tier", (0..<3).map { "'\(address($0))', \(old), 3" })
    try insert(
      scratch, "wallet_trades", "address, coin", (0..<3_600).map { "'\(address($0 % 4))', 'ETH'" })
    let removed = try sweep(database)
    #expect(removed.allSatisfy { $0 <= RetentionSweep.removedMax })
    #expect(removed.reduce(0, +) == 2_703)
    #expect(try rows(scratch.file, "SELECT count(*) FROM addresses") == ["0"])
    #expect(try rows(scratch.file, "SELECT DISTINCT address FROM wallet_trades") == [address(3)])
  }

  /// An appended table is left where it becomes young, without reading on.
  @Test func anAppendedTableIsNotReadToItsEnd() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let count = RetentionSweep.windowMax * 3
    try insert(
      scratch, "position_changes", "coin, detected_at",
      (0..<count).map { "'BTC', \($0 < 700 ? Self.nowS - 8 * Self.day : Self.nowS)" })
    var cursor: RetentionCursor? = .start
    var slices = 0
    var removed = 0
    while let from = cursor {
      let slice = try database.sweep(from: from, pruneDays: 7, now: Self.now)
      if Table.all[from.table].name == "position_changes" { slices += 1 }
      removed += slice.removed
      cursor = slice.next
    }
    #expect(removed == 700)
    #expect(slices <= 4)
  }

  /// Rows written under a clock far ahead lie before old ones; they must not hide them for years.
  @Test func rowsFromTheFutureDoNotEndASweep() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    let ahead = Self.nowS + 1_000 * Self.day
    try insert(
      scratch, "position_changes", "coin, detected_at",
      (0..<RetentionSweep.windowMax * 2).map { _ in "'BTC', \(ahead)" }
        + (0..<10).map { _ in "'ETH', \(Self.nowS - 9 * Self.day)" })
    #expect(try sweep(database).reduce(0, +) == 10)
    #expect(try rows(scratch.file, "SELECT DISTINCT coin FROM position_changes") == ["BTC"])
  }

  @Test func freedPagesAreGivenBackInSlices() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try insert(
      scratch, "position_changes", "coin, detected_at",
      (0..<8_000).map { "'A coin with a name that takes room \($0)', \(Self.nowS - 8 * Self.day)" })
    _ = try database.checkpoint()
    let before = try contents(scratch.file).count
    #expect(try sweep(database).reduce(0, +) == 8_000)
    var left = try database.reclaim(pagesMax: 16)
    #expect(left > 16)
    var rounds = 0
    while left > 0, rounds < 100 {
      let rest = try database.reclaim(pagesMax: 16)
      #expect(left - rest <= 16 && rest < left)
      left = rest
      rounds += 1
    }
    #expect(left == 0)
    try database.close()
    #expect(try contents(scratch.file).count < before / 2)
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
  }

  @Test func aFileThatCannotShrinkSaysNothingIsLeft() throws {
    let scratch = try Scratch()
    try raw(scratch.file, "CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)")
    let database = try scratch.open()
    #expect(try database.reclaim(pagesMax: 16) == 0)
  }

  @Test func anEmptyFileIsSweptAtOnce() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    #expect(try sweep(database).reduce(0, +) == 0)
  }
}
