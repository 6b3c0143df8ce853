// What a restart takes over: the young rows of a table without an index on time, whatever order they lie in.
import Base
import Market
import Testing

@testable import Store

@Suite struct LoadTests {
  private static let now = WallTime(ms: 1_800_000_000_000)
  private static let nowS = 1_800_000_000.0

  private func state(_ database: Database, _ change: (inout StoredLimits) -> Void = { _ in }) throws
    -> StoredState
  {
    var limits = StoredLimits()
    change(&limits)
    return try database.loadAll(limits, now: Self.now)
  }

  private func ago(_ seconds: Int64) -> WallTime { WallTime(ms: Self.now.ms - seconds * 1_000) }

  private func equity(_ n: UInt64, _ at: WallTime) -> EquitySnapshot {
    EquitySnapshot(address: account(n), at: at, equity: Double(n), unrealized: 0)
  }

  @Test func onlyWhatIsYoungIsTakenOver() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var batch = Batch()
    let day: Int64 = 86_400
    for (n, age) in [day + 1, day, day - 1, 0].enumerated() {
      batch.add(equity(UInt64(n), ago(age)))
      batch.add(
        PositionRow(
          address: account(UInt64(n)), coin: "BTC", isLong: true, size: 1, sizeUsd: 1, entryPx: 1, markPx: 1,
          leverage: 1, marginUsed: 1, liqPx: nil, unrealizedPnl: 0, updatedAt: ago(age)))
    }
    for age in [7 * day + 1, 7 * day, 5] {
      batch.add(
        PositionChangeRow(
          address: account(1), coin: "ETH", action: "exit", isLong: false, sizeUsd: 1, price: 1,
          detectedAt: ago(age)))
      batch.add(
        LiquidationEventRow(
          coin: "ETH", occurredAt: ago(age), isLong: true, sizeUsd: 1, price: 1, address: nil))
    }
    _ = try database.apply(batch)
    let loaded = try state(database)
    #expect(loaded.equity.map(\.at) == [ago(day), ago(day - 1), ago(0)])
    #expect(loaded.positions.map(\.updatedAt) == [ago(day), ago(day - 1), ago(0)])
    #expect(loaded.changes.map(\.detectedAt) == [ago(7 * day), ago(5)])
    #expect(loaded.liquidations.map(\.occurredAt) == [ago(7 * day), ago(5)])
  }

  @Test func limitsKeepTheNewest() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var batch = Batch()
    for n in 0..<50 as Range<Int64> {
      batch.add(equity(UInt64(n), ago(100 - n)))
      batch.add(WatchedWallet(key: "w\(n)", addedAt: ago(100 - n), isActive: n % 2 == 0))
      batch.add(
        WalletAlert(id: n + 1, key: "w", alertType: "any_trade", minSizeUsd: 0, coins: "", createdAt: ago(1)))
      batch.add(
        WalletProfile(
          address: account(UInt64(n)), computedAt: ago(100 - n), winRate: 0, tradeCount: 1, profitFactor: 1,
          avgHoldHours: 1, avgPnlPct: 0, maxDrawdown: 0, style: "", isBot: false, equity: nil, windowDays: 7))
      batch.add(
        PositionRow(
          address: account(UInt64(n)), coin: "BTC", isLong: true, size: 1, sizeUsd: Double(n), entryPx: 1,
          markPx: 1, leverage: 1, marginUsed: 1, liqPx: nil, unrealizedPnl: 0, updatedAt: ago(1)))
    }
    _ = try database.apply(batch)
    let loaded = try state(database) {
      ($0.equityMax, $0.watchedMax, $0.alertsMax, $0.profilesMax, $0.positionsMax) = (5, 4, 3, 2, 6)
    }
    #expect(loaded.equity.map(\.equity) == [45, 46, 47, 48, 49])
    #expect(loaded.watched.map(\.key) == ["w48", "w46", "w44", "w42"])
    #expect(loaded.alerts.map(\.id) == [1, 2, 3] && loaded.lastAlertID == 50)
    #expect(Set(loaded.profiles.map(\.address)) == [account(49), account(48)])
    #expect(loaded.positions.map(\.sizeUsd) == [49, 48, 47, 46, 45, 44])
    #expect(loaded.beyondLimit == 46 + 47 + 48 + 44)
  }

  /// A deleted alert's number is not given again, not even the highest and after a restart.
  @Test func alertNumbersAreNeverGivenTwice() throws {
    let scratch = try Scratch()
    var database = try scratch.open()
    #expect(try state(database).lastAlertID == 0)
    var batch = Batch(isDurable: true)
    for id in 1...3 as ClosedRange<Int64> {
      batch.add(
        WalletAlert(id: id, key: "k", alertType: "any_trade", minSizeUsd: 0, coins: "", createdAt: ago(0)))
    }
    for id in 2...3 as ClosedRange<Int64> { batch.add(RemovedAlert(id: id)) }
    _ = try database.apply(batch)
    try database.close()
    database = try scratch.open()
    let loaded = try state(database)
    #expect(loaded.lastAlertID == 3 && loaded.alerts.map(\.id) == [1])
  }

  /// Old rows by the thousand, a young end: found by probing, with rows out of order and under wrong clocks.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func probingFindsWhatAFullPassFinds(_ seed: UInt64) throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var random = PRNG(seed: seed)
    var all: [EquitySnapshot] = []
    var batch = Batch()
    let count = 6_000 + random.below(6_000)
    let young = random.below(count)
    for n in 0..<count {
      let age = n < young ? 90_000 + Int64(count - n) : Int64(count - n)
      // A little out of order, as polls come back.
      all.append(equity(UInt64(n), WallTime(ms: ago(age).ms + Int64(random.below(3_000)))))
    }
    // A stretch under a clock that was wrong: years behind, or ahead.
    let from = random.below(count)
    let shift: Int64 = random.chance(0.5) ? -40_000_000_000 : 40_000_000_000
    for n in from..<min(count, from + random.below(400)) { all[n].at.ms += shift }
    for row in all {
      if batch.isFull {
        _ = try database.apply(batch)
        batch.removeAll()
      }
      batch.add(row)
    }
    _ = try database.apply(batch)
    // Holes in the rowids, as retention and older programs leave them.
    try database.write { (writer) throws(StoreError) in
      try writer.connection.execute("DELETE FROM pnl_snapshots WHERE rowid % 7 = 3 OR rowid < 900")
    }
    let range = ago(86_400).ms...(Self.now.ms + 86_400_000)
    let expected = all.enumerated().filter {
      ($0.offset + 1) % 7 != 3 && $0.offset >= 899 && range.contains($0.element.at.ms)
    }.map(\.element).sorted { $0.at < $1.at }
    let loaded = try state(database).equity
    #expect(loaded.map(\.at) == expected.map(\.at))
    #expect(Set(loaded) == Set(expected))
  }

  /// Probing costs the same however long the table: no pass over old rows.
  @Test func probingDoesNotReadTheOldRows() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    try raw(
      scratch.file,
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
      INSERT INTO pnl_snapshots SELECT 'a' || i, \(Self.nowS) - 600000 + i * 10, 1, 2 FROM n
      """)
    let (start, first) = try database.write { (writer) throws(StoreError) in
      let range = Connection.TimeRange(oldest: Self.nowS - 86_400, newest: Self.nowS)
      let start = try writer.connection.firstRowid(of: .pnlSnapshots, "snapshot_at", within: range)
      return (
        start,
        try writer.connection.integer(
          "SELECT min(rowid) FROM pnl_snapshots WHERE snapshot_at >= \(Self.nowS - 86_400)")
      )
    }
    let (found, wanted) = (try #require(start), try #require(first))
    #expect(found <= wanted && wanted - found <= Connection.marginRows + Int64(Connection.probeRows))
    #expect(try state(database).skipped == 8_641)
  }

  /// A file of the original: columns missing or declared otherwise, keys in capitals, words where none are now.
  @Test func aFileOfTheOriginalIsTakenOver() throws {
    let scratch = try Scratch()
    let key = account(70).description
    let at = Self.nowS - 3_600.25
    try raw(
      scratch.file, "CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)",
      "CREATE TABLE positions (coin TEXT, address TEXT, side TEXT, size TEXT, size_usd TEXT, entry_px REAL, "
        + "mark_px REAL, leverage INTEGER, liq_px REAL, unrealized_pnl REAL, updated_at TEXT, "
        + "PRIMARY KEY (coin, address))",
      "INSERT INTO positions VALUES ('BTC', '\(key)', 'short', '1.5', '90000', 60000, 60001, 20, NULL, -3, '\(at)')",
      "CREATE TABLE wallet_profiles (address TEXT PRIMARY KEY, computed_at REAL, win_rate REAL, "
        + "trade_count INTEGER, profit_factor REAL, avg_hold_hours REAL, avg_pnl_pct REAL, max_drawdown REAL, "
        + "style TEXT, is_bot INTEGER)",
      "INSERT INTO wallet_profiles VALUES ('\(key)', \(at), 0.57, 12, 1.5, 6, 0.01, 100, 'swing', 0)",
      "CREATE TABLE wallet_alerts (id INTEGER PRIMARY KEY, address TEXT, alert_type TEXT, min_size_usd REAL, "
        + "coins TEXT, enabled INTEGER DEFAULT 1, created_at REAL)",
      "INSERT INTO wallet_alerts VALUES (9, '\(key)', 'size_above', 1000, NULL, 1, \(at))",
      "CREATE TABLE pnl_snapshots (address TEXT, snapshot_at INTEGER, equity REAL, unrealized REAL, "
        + "PRIMARY KEY (address, snapshot_at))",
      "INSERT INTO pnl_snapshots VALUES ('\(key)', \(Int(at)), 1000, 5), ('nobody', \(Int(at)), 1, 1)")
    let database = try scratch.open()
    let loaded = try state(database)
    #expect(loaded.unread == [] && loaded.skipped == 1)
    let position = try #require(loaded.positions.first)
    #expect(position.size == 1.5 && position.sizeUsd == 90_000 && !position.isLong && position.liqPx == nil)
    #expect(position.updatedAt == WallTime(ms: 1_799_996_399_750) && position.marginUsed == 0)
    let profile = try #require(loaded.profiles.first)
    #expect(profile.windowDays == 7 && profile.equity == nil && profile.completeFrom == nil)
    #expect(loaded.alerts.first?.coins == "" && loaded.lastAlertID == 9)
    #expect(
      loaded.equity == [
        EquitySnapshot(address: account(70), at: ago(3_600 + 1), equity: 1_000, unrealized: 5)
      ]
    )
    // And every write fits it.
    var batch = Batch()
    var model = Model()
    model.lastAlertID = 9
    var mutation = Mutation(seed: 3)
    for _ in 0..<300 { mutation.add(to: &batch, &model) }
    #expect(try database.apply(batch).rows == batch.count)
    #expect(try rows(scratch.file, "SELECT count(*) FROM positions") == ["\(model.positions.count + 1)"])
  }

  @Test func aTableThatCannotBeReadIsNamed() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    _ = try database.apply(batch(0..<3))
    try database.write { (writer) throws(StoreError) in
      try writer.connection.execute("ALTER TABLE pnl_snapshots RENAME COLUMN equity TO worth")
    }
    let loaded = try state(database)
    #expect(loaded.addresses.count == 3)
    #expect(loaded.unread.count == 1 && loaded.unread[0].message.contains("pnl_snapshots"))
    try database.close()
    #expect(
      failure { () throws(StoreError) in _ = try database.loadAll(StoredLimits(), now: Self.now) }?.kind
        == .closed)
  }
}
