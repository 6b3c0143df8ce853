// Random batches of every row kind against plain dictionaries, with restarts, kills of a batch and checkpoints.
import Base
import Market
import Testing

@testable import Store

@Suite struct ModelTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func everyRowKindAgreesWithAModel(_ seed: UInt64) throws {
    let scratch = try Scratch()
    var mutation = Mutation(seed: seed)
    var model = Model()
    var database = try scratch.open()
    for round in 0..<30 {
      var batch = Batch(isDurable: mutation.random.below(4) == 0)
      var next = model
      for _ in 0..<mutation.random.below(80) { mutation.add(to: &batch, &next) }
      // Now and then a batch that fails at its end: nothing of it may stay.
      if mutation.random.below(6) == 0, !batch.isEmpty {
        var bad = batch
        let alert = WalletAlert(
          id: 1_000_000, key: "", alertType: "", minSizeUsd: 0, coins: "", createdAt: WallTime(ms: 0))
        bad.add(alert)
        bad.add(alert)
        #expect(failure { () throws(StoreError) in _ = try database.apply(bad) }?.kind == .constraint)
        next.lastAlertID = max(next.lastAlertID, model.lastAlertID)
      }
      _ = try database.apply(batch)
      model = next
      if mutation.random.below(5) == 0 { _ = try database.checkpoint() }
      if mutation.random.below(5) == 0 {
        try database.close()
        database = try scratch.open()
      }
      if round % 5 == 4 { try compare(database, model, scratch, now: WallTime(ms: mutation.nowMs)) }
    }
    #expect(try rows(scratch.file, "PRAGMA integrity_check") == ["ok"])
  }

  @Test func aMemoryFileAgreesToo() throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var mutation = Mutation(seed: 99)
    var model = Model()
    for _ in 0..<20 {
      var batch = Batch()
      for _ in 0..<60 { mutation.add(to: &batch, &model) }
      _ = try database.apply(batch)
    }
    try compare(database, model, nil, now: WallTime(ms: mutation.nowMs))
  }

  /// A batch cut in two, anywhere, does what the whole does.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func halvesDoWhatTheWholeDoes(_ seed: UInt64) throws {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var mutation = Mutation(seed: seed)
    var model = Model()
    for _ in 0..<15 {
      var batch = Batch()
      for _ in 0..<40 { mutation.add(to: &batch, &model) }
      let (first, rest) = batch.split(at: mutation.random.below(batch.count + 3))
      #expect(first.count + rest.count == batch.count)
      for part in [first, rest] { #expect(try database.apply(part).rows == part.count) }
    }
    try compare(database, model, nil, now: WallTime(ms: mutation.nowMs))
  }

  private func compare(_ database: Database, _ model: Model, _ scratch: Scratch?, now: WallTime) throws {
    let state = try database.loadAll(StoredLimits(), now: now)
    #expect(state.unread.isEmpty && state.skipped == 0 && state.beyondLimit == 0)
    #expect(keyed(state.addresses) { $0.address.description } == model.addresses)
    #expect(
      keyed(state.positions) { Model.Pair($0.address.description, $0.coin) } == model.positions)
    #expect(keyed(state.watched) { $0.key } == model.watched)
    #expect(state.alerts == model.alerts.values.sorted { $0.id < $1.id })
    #expect(state.lastAlertID == model.lastAlertID)
    #expect(keyed(state.profiles) { $0.address.description } == model.profiles)
    #expect(state.changes == model.changes)
    #expect(state.liquidations == model.liquidations)
    #expect(state.equity == model.equity.values.sorted { $0.at < $1.at })
    for n in 0..<12 as Range<UInt64> {
      let key = account(n).description
      let expected = (model.trades[key] ?? []).sorted { $0.exitTime!.ms > $1.exitTime!.ms }
      let answer = try database.answer(.walletTrades(account(n), limit: 100))
      #expect(answer == .walletTrades(account(n), expected))
      let two = try database.answer(.walletTrades(account(n), limit: 2))
      #expect(two == .walletTrades(account(n), Array(expected.prefix(2))))
    }
    guard let scratch else { return }
    // The tables nothing reads back, by plain SQL.
    var points: [Model.Pair: String] = [:]
    for (table, column) in [
      ("funding_history", "rate"), ("oi_history", "oi_usd"), ("volume_history", "volume_usd"),
    ] {
      for row in try rows(
        scratch.file, "SELECT coin || '|' || printf('%!.17g', recorded_at), \(column) FROM \(table)")
      {
        let cells = row.split(separator: "|", omittingEmptySubsequences: false)
        points[Model.Pair(table, "\(cells[0])|\(Double(cells[1])!)")] = String(cells[2])
      }
    }
    #expect(points == model.points.mapValues { "\($0)" })
    #expect(try rows(scratch.file, "SELECT count(*) FROM hlp_snapshots") == ["\(model.vaults.count)"])
    #expect(
      try rows(scratch.file, "SELECT sum(size_usd + entry_px + mark_px + leverage) FROM hlp_snapshots")
        == [sum(model.vaults.values.map { [$0.sizeUsd, $0.entryPx, $0.markPx, $0.leverage] })])
  }

  private func keyed<Key: Hashable, Row>(_ rows: [Row], _ key: (Row) -> Key) -> [Key: Row] {
    let pairs = rows.map { (key($0), $0) }
    return Dictionary(pairs) { _, _ in preconditionFailure("a row twice") }
  }

  /// The sum of numbers that are all multiples of 1/64, so exact in any order.
  private func sum(_ rows: [[Double]]) -> String {
    rows.isEmpty ? "-" : "\(rows.reduce(0) { $0 + $1.reduce(0, +) })"
  }
}
