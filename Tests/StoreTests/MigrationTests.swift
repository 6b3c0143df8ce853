// Files of the service this daemon replaces are taken over in place, of any age, without losing a row.
import Base
import Market
import Testing

@testable import Store

@Suite struct MigrationTests {
  /// An early shape: no `notes`, `tags`, `equity`, `total_size_usd`; no tables of the later features; columns
  /// in another order, some nullable; an index and a schema version of its own.
  private static let early = [
    "CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)",
    "INSERT INTO metadata VALUES ('schema_version', '0'), ('started', 'once')",
    """
    CREATE TABLE addresses (address TEXT PRIMARY KEY, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
      tier INTEGER DEFAULT 3, trade_count INTEGER DEFAULT 0, last_polled REAL)
    """,
    "CREATE INDEX idx_addresses_tier ON addresses (tier, last_polled)",
    """
    CREATE TABLE watched_wallets (address TEXT PRIMARY KEY, label TEXT DEFAULT '', added_at REAL NOT NULL,
      is_active INTEGER DEFAULT 1)
    """,
    """
    CREATE TABLE wallet_trades (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, coin TEXT, side TEXT,
      entry_px REAL, exit_px REAL, size_usd REAL, pnl_usd REAL, pnl_pct REAL, hold_hours REAL,
      entry_time REAL, exit_time REAL, is_win INTEGER)
    """,
    "CREATE TABLE hand_made (note TEXT)",
    "INSERT INTO hand_made VALUES ('mine')",
    """
    INSERT INTO addresses VALUES
      ('0xdfc24b077bc1425ad1dea75bcb6f8158e10df303', 1700000000.123456, 1700000100.5, 1, 42, 1700000099.25),
      ('0x010461C14E146AC35FE42271BDC1134EE31C703A', 1600000000.0, 1600000001.0, 2, 7, NULL),
      ('not-an-address', 1.0, 2.0, 3, 1, NULL),
      ('0x35cfc9c671b9a2f43fa23f3f08fb46e6a893463e', 1650000000.0, 1650000000.0, NULL, NULL, NULL)
    """,
    "INSERT INTO watched_wallets VALUES ('0xdfc24b077bc1425ad1dea75bcb6f8158e10df303', '₿ \"q\"', 5.5, 0)",
    "INSERT INTO wallet_trades (address, coin, is_win) VALUES ('a', 'BTC', 1), ('b', 'ETH', 0)",
  ]

  private func make(_ statements: [String], journal: String = "wal") throws -> Scratch {
    let scratch = try Scratch()
    try raw(scratch.file, "PRAGMA journal_mode=\(journal)")
    for statement in statements { try raw(scratch.file, statement) }
    return scratch
  }

  @Test(arguments: ["wal", "delete"])
  func anEarlyFileGainsWhatItLacks(journal: String) throws {
    let scratch = try make(Self.early, journal: journal)
    let database = try scratch.open()
    #expect(!database.report.isNew)
    #expect(
      database.report.columnsAdded.sorted()
        == ["addresses.total_size_usd", "watched_wallets.notes", "watched_wallets.tags"])
    #expect(database.report.indexesAdded == ["wallet_trades_by_address"])
    let had = ["metadata", "addresses", "watched_wallets", "wallet_trades"]
    #expect(database.report.tablesAdded == Table.all.map(\.name).filter { !had.contains($0) })

    let records = try everyone(database)
    #expect(records.count == 3)
    let whale = try #require(records.first { $0.tier == 1 })
    #expect(whale.firstSeen == WallTime(ms: 1_700_000_000_123))
    #expect(whale.lastSeen == WallTime(ms: 1_700_000_100_500))
    #expect(whale.tradeCount == 42 && whale.lastPolled == WallTime(ms: 1_700_000_099_250))
    #expect(whale.totalSizeUsd == 0)
    try database.close()

    #expect(
      try rows(scratch.file, "SELECT * FROM watched_wallets") == [
        "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303|₿ \"q\"|5.5|0||"
      ])
    #expect(try rows(scratch.file, "SELECT first_seen = 1700000000.123456 FROM addresses LIMIT 1") == ["1"])
    #expect(try rows(scratch.file, "SELECT id, address FROM wallet_trades") == ["1|a", "2|b"])
    #expect(try rows(scratch.file, "SELECT note FROM hand_made") == ["mine"])
    #expect(
      try rows(scratch.file, "SELECT key || '=' || value FROM metadata ORDER BY key")
        == ["schema_version=2", "started=once"])
    #expect(try rows(scratch.file, "PRAGMA journal_mode") == ["wal"])
    let again = try scratch.open()
    #expect(again.report == OpenReport.unchanged)
  }

  @Test func writesFitAMigratedFile() throws {
    let scratch = try make(Self.early)
    let database = try scratch.open()
    var batch = Batch()
    batch.add(
      AddressSighting(
        address: Address(a: 0xdfc2_4b07_7bc1_425a, b: 0xd1de_a75b_cb6f_8158, c: 0xe10d_f303),
        firstSeen: WallTime(ms: 1_700_000_000_124), lastSeen: WallTime(ms: 1_800_000_000_000), trades: 8))
    batch.add(sighting(9))
    _ = try database.apply(batch)
    #expect(
      try rows(
        scratch.file,
        "SELECT first_seen = 1700000000.123456, last_seen, trade_count, tier, last_polled "
          + "FROM addresses LIMIT 1"
      )
        == ["1|1800000000.0|50|1|1700000099.25"])
    #expect(try rows(scratch.file, "SELECT count(*) FROM addresses") == ["5"])
  }

  @Test func aRowThatIsNoAddressIsSkippedAndStays() throws {
    let scratch = try make(Self.early)
    let database = try scratch.open()
    let report = try database.loadAddresses(limit: 10) { _ in }
    #expect(report == LoadReport(rows: 3, skipped: 1, beyondLimit: 0))
    #expect(try rows(scratch.file, "SELECT count(*) FROM addresses") == ["4"])
  }

  @Test func capitalsInColumnNamesAreTheSameColumn() throws {
    let scratch = try make([
      "CREATE TABLE metadata (KEY TEXT PRIMARY KEY, Value TEXT)",
      "INSERT INTO metadata VALUES ('a', 'b')",
    ])
    let database = try scratch.open()
    #expect(database.report.columnsAdded == [])
    #expect(try database.metadata("a") == "b")
  }

  @Test(arguments: ["7", "2.3-beta", ""])
  func aVersionThatIsNotOursIsNoObstacle(_ version: String) throws {
    let scratch = try make(["CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)"])
    try raw(scratch.file, "INSERT INTO metadata VALUES ('schema_version', '\(version)')")
    let database = try scratch.open()
    #expect(try database.metadata("schema_version") == (version == "7" ? "7" : "2"))
    try database.close()
  }

  @Test func aForeignShapeIsRefusedAndUntouched() throws {
    let cases = [
      "CREATE TABLE addresses (id INTEGER PRIMARY KEY, owner TEXT)",
      "CREATE TABLE addresses (address TEXT, first_seen REAL, last_seen REAL, trade_count INTEGER)",
    ]
    for sql in cases {
      let scratch = try make([sql, "INSERT INTO addresses (rowid) VALUES (1)"])
      let error = failure { () throws(StoreError) in _ = try scratch.open() }
      #expect(error?.kind == .incompatible)
      #expect(error?.message.contains("addresses") == true)
      #expect(try rows(scratch.file, "SELECT count(*) FROM addresses") == ["1"])
    }
  }

  @Test func migrationIsAllOrNothing() throws {
    let scratch = try make(Self.early)
    let before = try rows(scratch.file, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    var options = DatabaseOptions(path: scratch.file)
    options.pagesMax = 1
    // SQLite raises a limit below the file's size to that size, so no page can be added.
    let full = try Database(options)
    #expect(full.report.trouble?.kind == .diskFull)
    #expect(try rows(scratch.file, "SELECT name, sql FROM sqlite_schema ORDER BY name") == before)
    #expect(try full.metadata("started") == "once")
    #expect(failure { () throws(StoreError) in _ = try full.apply(batch(0..<1)) }?.kind == .diskFull)
    try full.close()
    let database = try scratch.open()
    #expect(database.report.tablesAdded.count == 10)
    #expect(try everyone(database).count == 3)
  }

  @Test func theLatestSeenAreKeptWhenNotAllFit() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    var batch = Batch()
    for n in 0..<20 as Range<UInt64> { batch.add(sighting(n, first: 0, last: Int64(n) * 7 % 20 * 1_000)) }
    _ = try database.apply(batch)
    var seen: [Int64] = []
    let report = try database.loadAddresses(limit: 5) { seen.append($0.lastSeen.ms / 1_000) }
    #expect(report == LoadReport(rows: 5, skipped: 0, beyondLimit: 15))
    #expect(seen.sorted() == [15, 16, 17, 18, 19])
  }

  @Test func timesOutOfRangeAreClamped() {
    #expect(WallTime(epochSeconds: 1.0005).ms == 1_001)
    #expect(WallTime(epochSeconds: 1_795_353_385.4476693).ms == 1_795_353_385_448)
    #expect(WallTime(epochSeconds: 1e300) == .lastStored)
    #expect(WallTime(epochSeconds: -1e300).ms == 0)
    #expect(WallTime(epochSeconds: .infinity) == .lastStored)
    #expect(WallTime(epochSeconds: .nan).ms == 0)
    for ms in [0, 1, 999, 1_795_353_385_447] as [Int64] {
      #expect(WallTime(epochSeconds: WallTime(ms: ms).seconds).ms == ms)
    }
  }
}
