import Base
import Market
import Store
import Testing

@testable import Core

/// The queue of derived rows: order, coalescing, bounds; held against a plain list.
@Suite struct WriteQueueTests {
  private func address(_ number: Int) -> Address { StorageWorld.address(number) }

  private func position(_ number: Int, _ coin: String, _ size: Double) -> PositionRow {
    PositionRow(
      address: address(number), coin: coin, isLong: true, size: size, sizeUsd: size, entryPx: 1, markPx: 1,
      leverage: 1, marginUsed: 0, liqPx: nil, unrealizedPnl: 0, updatedAt: WallTime(ms: 1_800_000_000_000))
  }

  private func state(_ queue: inout WriteQueue) throws -> StoredState {
    let database = try Database(DatabaseOptions(path: ":memory:"))
    while !queue.isEmpty {
      var batch = Batch()
      queue.take(into: &batch, limit: 100)
      #expect(!batch.isEmpty)
      _ = try database.apply(batch)
    }
    return try database.loadAll(StoredLimits(), now: WallTime(ms: 1_800_000_000_000))
  }

  @Test func theLatestStateOfAThingIsWrittenOnce() throws {
    var queue = WriteQueue()
    queue.add(position(1, "BTC", 1))
    queue.add(position(1, "ETH", 1))
    queue.add(position(1, "BTC", 2))
    queue.add(ClosedPosition(address: address(1), coin: "ETH"))
    #expect(queue.count == 2)
    let stored = try state(&queue)
    #expect(stored.positions.map(\.size) == [2])
  }

  @Test func aLiquidationOnFileIsTakenOut() throws {
    func row(_ at: Int64, _ account: Int?) -> LiquidationEventRow {
      LiquidationEventRow(
        coin: "BTC", occurredAt: WallTime(ms: 1_799_999_990_000 + at), isLong: true, sizeUsd: 500, price: 5,
        address: account.map(address))
    }
    var queue = WriteQueue()
    queue.add(position(1, "BTC", 1))
    for (at, account) in [(1, 1), (2, 1), (2, 2), (3, nil)] { queue.add(row(Int64(at), account)) }
    queue.add(position(1, "ETH", 1))
    // Two alike of which the file has one, one whose account it does not know, one that does not wait.
    queue.remove([row(2, 1), row(3, 7), row(4, nil)])
    #expect(queue.count == 4)
    queue.add(position(1, "ETH", 3))
    queue.add(position(1, "BTC", 2))
    let stored = try state(&queue)
    #expect(stored.liquidations.map(\.occurredAt.ms).sorted() == [1_799_999_990_001, 1_799_999_990_002])
    #expect(stored.positions.map(\.size).sorted() == [2, 3])
    queue.remove([row(1, 1)])
    #expect(queue.isEmpty)
  }

  @Test func historyIsKeptRowByRow() throws {
    var queue = WriteQueue()
    for at in 0..<5 {
      queue.add(
        EquitySnapshot(
          address: address(1), at: WallTime(ms: 1_799_999_990_000 + Int64(at)), equity: 1, unrealized: 0))
    }
    #expect(try state(&queue).equity.count == 5)
  }

  @Test func aWalletsTradesAreTakenTogether() throws {
    let trade = WalletTrade(
      address: address(1), coin: "BTC", isLong: true, entryPx: 1, exitPx: 2, sizeUsd: 3, pnlUsd: 4, pnlPct: 5,
      holdHours: 6, entryTime: WallTime(ms: 0), exitTime: WallTime(ms: 1), isWin: true)
    var queue = WriteQueue()
    queue.add(position(1, "BTC", 1))
    queue.add(address(1), nil, trades: Array(repeating: trade, count: 300))
    var batch = Batch()
    queue.take(into: &batch, limit: 100)
    #expect(batch.count == 1)
    batch = Batch()
    queue.take(into: &batch, limit: 100)
    #expect(batch.count == 301 && queue.isEmpty)
  }

  @Test func atTheBoundTheOldestGoAndAreCounted() throws {
    var queue = WriteQueue(rowsMax: 100)
    for number in 0..<250 { queue.add(position(number, "BTC", Double(number + 1))) }
    #expect(queue.count == 100 && queue.dropped == 150)
    let sizes = try state(&queue).positions.map(\.size).sorted()
    #expect(sizes == (151...250).map(Double.init))
  }

  /// Random rows, taken at random moments: the file ends as if every row had been written in turn.
  @Test(arguments: 1...12)
  func theFileEndsAsIfEveryRowHadBeenWritten(seed: UInt64) throws {
    var random = PRNG(seed: seed)
    var queue = WriteQueue()
    let database = try Database(DatabaseOptions(path: ":memory:"))
    var truth: [String: Double] = [:]
    for step in 0..<3_000 {
      let (number, coin) = (random.below(40), "C\(random.below(6))")
      if random.chance(0.3) {
        queue.add(ClosedPosition(address: address(number), coin: coin))
        truth["\(number) \(coin)"] = nil
      } else {
        queue.add(position(number, coin, Double(step + 1)))
        truth["\(number) \(coin)"] = Double(step + 1)
      }
      guard random.chance(0.02) else { continue }
      var batch = Batch()
      queue.take(into: &batch, limit: 1 + random.below(80))
      _ = try database.apply(batch)
    }
    while !queue.isEmpty {
      var batch = Batch()
      queue.take(into: &batch)
      _ = try database.apply(batch)
    }
    let state = try database.loadAll(StoredLimits(), now: WallTime(ms: 1_800_000_000_000))
    var found: [String: Double] = [:]
    for row in state.positions { found["\(row.address.a >> 8) \(row.coin)"] = row.size }
    #expect(found == truth && queue.dropped == 0)
  }
}
