// Rows go in as they were given, all of a batch or none, and come out of a later start the same.
import Base
import Market
import Testing

@testable import Store

@Suite struct BatchTests {
  @Test func sightingsAddUp() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    var first = Batch()
    first.add(sighting(1, first: 5_000, last: 6_500, trades: 2))
    first.add(sighting(2, first: 5_500, last: 5_500, trades: 1))
    first.add(sighting(1, first: 4_250, last: 6_000, trades: 3))
    #expect(try database.apply(first).rows == 3)
    var second = Batch()
    second.add(sighting(1, first: 7_000, last: 9_125, trades: 1))
    #expect(try database.apply(second).rows == 1)
    try database.close()

    let text = try rows(
      scratch.file,
      "SELECT first_seen, last_seen, trade_count, last_polled, tier, total_size_usd, typeof(first_seen) "
        + "FROM addresses ORDER BY trade_count DESC")
    #expect(text == ["4.25|9.125|6|-|3|0.0|real", "5.5|5.5|1|-|3|0.0|real"])

    let again = try scratch.open()
    let known = try everyone(again)
    #expect(known.count == 2)
    let one = try #require(known.first { $0.address == account(1) })
    #expect(
      one
        == AddressRecord(
          address: account(1), firstSeen: WallTime(ms: 4_250), lastSeen: WallTime(ms: 9_125), tradeCount: 6,
          lastPolled: nil, tier: 3, totalSizeUsd: 0))
  }

  @Test func addressesAreLowerCaseText() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    var batch = Batch()
    batch.add(
      AddressSighting(
        address: Address(a: 0xdfc2_4b07_7bc1_425a, b: 0xd1de_a75b_cb6f_8158, c: 0xe10d_f303),
        firstSeen: WallTime(ms: 0), lastSeen: WallTime(ms: 0), trades: 0))
    _ = try database.apply(batch)
    let text = try rows(scratch.file, "SELECT address, typeof(address) FROM addresses")
    #expect(text == ["0xdfc24b077bc1425ad1dea75bcb6f8158e10df303|text"])
  }

  @Test(arguments: ["", "ok", "₿ 🐋 \"q\" ' OR 1=1--", "a\0b", String(repeating: "é", count: 70_000)])
  func metadataKeepsAnyText(_ value: String) throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    var batch = Batch(isDurable: true)
    batch.add(MetadataEntry(key: "before", value: "kept"))
    batch.add(MetadataEntry(key: "word", value: "overwritten"))
    batch.add(MetadataEntry(key: "word", value: value))
    _ = try database.apply(batch)
    try database.close()
    let again = try scratch.open()
    #expect(try again.metadata("word") == value)
    #expect(try again.metadata("before") == "kept")
    #expect(try again.metadata("absent") == nil)
    #expect(try rows(scratch.file, "SELECT count(*) FROM metadata WHERE value IS NULL") == ["0"])
  }

  @Test func oneRowRefusedIsNoneWritten() throws {
    let scratch = try Scratch()
    try scratch.open().close()
    try raw(
      scratch.file,
      """
      CREATE TRIGGER refuse BEFORE INSERT ON metadata WHEN new.key = 'bad'
      BEGIN SELECT RAISE(ABORT, 'refused'); END
      """)
    let database = try scratch.open()
    _ = try database.apply(batch(0..<10))
    var mixed = batch(10..<20)
    mixed.add(MetadataEntry(key: "bad", value: ""))
    mixed.add(sighting(21))
    let error = failure { () throws(StoreError) in _ = try database.apply(mixed) }
    #expect(error?.kind == .constraint)
    #expect(error?.message.contains("refused") == true)
    #expect(try everyone(database).count == 10)
    // The writer is usable after a failure, and its statements are not stuck in the failed row.
    #expect(try database.apply(batch(10..<20)).rows == 10)
    #expect(try everyone(database).count == 20)
  }

  @Test func anEmptyBatchIsNoTransaction() throws {
    let scratch = try Scratch()
    let database = try scratch.open()
    _ = try database.apply(batch(0..<1))
    let watcher = try Raw(scratch.file)
    let before = try watcher.one("PRAGMA data_version")
    #expect(try database.apply(Batch()).rows == 0)
    #expect(try watcher.one("PRAGMA data_version") == before)
    _ = try database.apply(batch(0..<1))
    #expect(try watcher.one("PRAGMA data_version") != before)
  }

  @Test func aFullBatchRefusesAndKeepsWhatItHas() throws {
    var batch = Batch()
    for n in 0..<UInt64(Batch.rowsMax) where !batch.add(sighting(n)) { Issue.record("refused row \(n)") }
    #expect(batch.isFull)
    let isTaken = [batch.add(sighting(0)), batch.add(MetadataEntry(key: "k", value: "v"))]
    #expect(isTaken == [false, false])
    #expect(batch.count == Batch.rowsMax)
    let database = try Database(DatabaseOptions(path: ":memory:"))
    #expect(try database.apply(batch).rows == Batch.rowsMax)
    #expect(try everyone(database).count == Batch.rowsMax)
    batch.removeAll()
    #expect(batch.isEmpty)
    let isTakenAgain = batch.add(sighting(7))
    #expect(isTakenAgain)
  }

  @Test func numbersThatAreNoneAreStoredAsZero() throws {
    for value in [Double.nan, .infinity, -.infinity, .signalingNaN] {
      var batch = Batch()
      _ = batch.begin(.metadata)
      batch.put(.real(value))
      #expect(batch.cells == [.real(0)])
    }
  }

  @Test func equalityIsByRows() {
    var a = Batch()
    var b = Batch()
    a.add(MetadataEntry(key: "k", value: "v"))
    a.removeAll()
    for batch in [sighting(1), sighting(2)] {
      a.add(batch)
      b.add(batch)
    }
    #expect(a == b && a.hashValue == b.hashValue)
    b.isDurable = true
    #expect(a != b)
    b.isDurable = false
    b.add(sighting(3))
    #expect(a != b)
  }

  /// Random batches against a dictionary, with a restart now and then.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func agreesWithAModel(_ seed: UInt64) throws {
    struct Known: Equatable {
      var first: Int64
      var last: Int64
      var trades: Int64
    }
    let scratch = try Scratch()
    var random = PRNG(seed: seed)
    var model: [Address: Known] = [:]
    var database = try scratch.open()
    for _ in 0..<40 {
      var batch = Batch(isDurable: random.below(4) == 0)
      for _ in 0..<random.below(60) {
        let first = Int64(random.below(1_000_000))
        let row = sighting(
          UInt64(random.below(50)), first: first, last: first + Int64(random.below(5_000)),
          trades: Int64(random.below(9)))
        batch.add(row)
        var known =
          model[row.address] ?? Known(first: row.firstSeen.ms, last: row.lastSeen.ms, trades: 0)
        known.first = min(known.first, row.firstSeen.ms)
        known.last = max(known.last, row.lastSeen.ms)
        known.trades += row.trades
        model[row.address] = known
      }
      _ = try database.apply(batch)
      if random.below(8) == 0 { _ = try database.checkpoint() }
      if random.below(10) == 0 {
        try database.close()
        database = try scratch.open()
      }
      var loaded: [Address: Known] = [:]
      for record in try everyone(database) {
        loaded[record.address] = Known(
          first: record.firstSeen.ms, last: record.lastSeen.ms, trades: record.tradeCount)
      }
      #expect(loaded == model)
    }
  }
}
